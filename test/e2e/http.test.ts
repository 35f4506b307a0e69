import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startGateway } from '../../infra/main/gateway.ts';
import { StartError } from '../../infra/main/role.ts';
import { brief, Chat, type Chunk, type Completion, model, user } from './chat.ts';
import { type Fleet, startFleet, until } from './fleet.ts';

let fleet: Fleet;
let chat: Chat;
beforeAll(async () => { fleet = await startFleet(); chat = new Chat(fleet.gateway.url); });
afterAll(async () => { await fleet?.close(); });

const body = (more: object): object => ({ model, messages: [user('hi')], max_tokens: 2, ...more });

describe('chat completions', () => {
  test('an answer comes whole, with its usage and its step', async () => {
    const response = await chat.post({ model, messages: [brief('Whole'), user('List three fruits.')], max_tokens: 12, temperature: 0 });
    const { usage, choices, slackwater } = await response.json() as Completion;
    expect(response.status).toBe(200);
    expect(response.headers.get('x-slackwater-step')).toBe(slackwater.step);
    expect(choices[0].message.content.length).toBeGreaterThan(0);
    expect(choices[0].finish_reason).toBe('length');
    expect(usage.completion_tokens).toBe(12);
    expect(usage.total_tokens).toBe(usage.prompt_tokens + 12);
    expect(slackwater.hit + slackwater.recalled + slackwater.computed).toBe(usage.prompt_tokens);
    expect(usage.prompt_tokens_details.cached_tokens).toBe(slackwater.hit + slackwater.recalled);
  });

  test('the streamed answer has the same text, one end, and the usage that was asked for', async () => {
    const messages = [brief('Streamed'), user('List three fruits.')];
    const whole = await chat.ask(messages);
    const chunks: Chunk[] = [];
    for await (const chunk of chat.stream(messages, { stream_options: { include_usage: true } })) chunks.push(chunk);
    const usage = chunks.pop()?.usage;
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe(whole.choices[0].message.content);
    expect(chunks[0]?.choices[0]?.delta.role).toBe('assistant');
    expect(chunks.filter((chunk) => chunk.choices[0]?.finish_reason === 'length')).toEqual([chunks.at(-1)]);
    expect(usage).toMatchObject({ prompt_tokens: whole.usage.prompt_tokens, completion_tokens: 16 });
    expect(chunks.length).toBeGreaterThan(4);
  });

  test('logprobs: one per token, with the alternatives that were asked for', async () => {
    const { choices } = await chat.ask([user('Count to three.')], { logprobs: true, top_logprobs: 2, max_tokens: 6 });
    const tokens = choices[0].logprobs?.content ?? [];
    expect(tokens.map((it) => it.token).join('')).toBe(choices[0].message.content);
    expect(tokens.every((it) => it.logprob <= 0 && it.top_logprobs.length === 2)).toBe(true);
  });

  test('what else is served, and what is not', async () => {
    const get = async (path: string) => { const response = await fetch(`${fleet.gateway.url}${path}`); return { status: response.status, body: await response.json() as object }; };
    expect(await get('/v1/models')).toMatchObject({ status: 200, body: { object: 'list', data: [{ id: model, object: 'model' }] } });
    expect(await get('/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } });
    expect(await get('/v1/nothing')).toMatchObject({ status: 404, body: { error: { code: 'unknown_route' } } });
  });
});

describe('bad input over HTTP is refused with its numbers', () => {
  const deepest = `${'['.repeat(100_000)}`;
  const long = { messages: [user('word '.repeat(9_000))] };
  test.each([
    ['malformed JSON', '{"model": "smollm2-135m", "messages": [}', 400, 'invalid_json', /position 39/],
    ['JSON that never ends', deepest, 400, 'invalid_json', /JSON/],
    ['an empty body', '', 400, 'invalid_json', /end of JSON input at position 0/],
    ['invalid UTF-8', Buffer.concat([Buffer.from('{"model":"'), Buffer.from([0xc3, 0x28])]), 400, 'invalid_utf8', /byte 11 of 12/],
    ['an unknown field', body({ messages: [{ role: 'user', content: 'hi', mood: 'good' }] }), 400, 'unknown_field', /"messages\[0\]\.mood"/],
    ['an unknown model', body({ model: 'gpt-17' }), 404, 'unknown_model', /gpt-17.*smollm2-135m/],
    ['no messages', body({ messages: [] }), 400, 'invalid_field', /at least 1/],
    ['a temperature out of range', body({ temperature: 7 }), 400, 'invalid_field', /"sampling\.temperature"|"temperature".*7/],
    ['more than one answer', body({ n: 2 }), 400, 'unsupported_value', /"n" is 2; only 1/],
    ['a prompt beyond the context', body(long), 400, 'context_length', /prompt of \d{4,} tokens; smollm2-135m takes \d{4,}/],
    ['an oversized body', body({ messages: [user('x'.repeat(1_000_001))] }), 413, 'payload_too_large', /\d{7} bytes; 1000000 may come/],
    ['an append without a trace', body({ slackwater: { seq: 2 } }), 400, 'invalid_step', /"seq" 2 without "trace"/],
  ])('%s', async (_name, sent, status, code, message) => {
    const answer = await chat.refused(sent);
    expect(answer.body.error.slackwater.code).toBe(code);
    expect(answer.body.error.message).toMatch(message);
    expect(answer.status).toBe(status);
  });

  test('another content type, another tenant name, another seq than a number', async () => {
    expect((await chat.refused(body({}), { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await chat.refused(body({}), { 'x-slackwater-tenant': 'a.b' })).body.error.code).toBe('invalid_tenant');
    expect((await chat.refused(body({}), { 'x-slackwater-trace': 't', 'x-slackwater-seq': 'two' })).body.error).toMatchObject({ param: 'slackwater.seq' });
  });

  test('the numbers of a refusal are there for programs too', async () => {
    const { body: { error } } = await chat.refused(body(long));
    expect(error).toMatchObject({ code: 'context_length_exceeded', param: 'messages', slackwater: { code: 'context_length', limit: 8192 } });
    expect(error.slackwater.got).toBeGreaterThan(8192);
  });

  test('and the process is still there', async () => {
    expect((await chat.ask([user('Still there?')], { max_tokens: 2 })).usage.completion_tokens).toBeGreaterThan(0);
  });
});

describe('steps that a harness numbers', () => {
  const ids = (seq: number, more = {}): Record<string, string> => ({ 'x-slackwater-trace': 'numbered', 'x-slackwater-seq': String(seq), ...more });
  const messages = [brief('Numbered'), user('One.')];

  test('a gap, a repetition and an older one are refused with both numbers; the next is taken', async () => {
    const first = await chat.ask(messages, { max_tokens: 4 }, ids(1));
    expect(first.slackwater.step).toMatch(/\/1$/);
    for (const [seq, code] of [[3, 'seq_gap'], [1, 'seq_old']] as const) {
      const { status, body: { error } } = await chat.refused({ model, messages, max_tokens: 4 }, ids(seq));
      expect([status, error.slackwater.code]).toEqual([409, code]);
      expect(error.message).toMatch(new RegExp(`seq ${seq}: .*expects 2`));
    }
    const next = await chat.ask([...messages, first.choices[0].message, user('Two.')], { max_tokens: 4 }, ids(2));
    expect(next.slackwater.step).toMatch(/\/2$/);
    expect(next.slackwater.trace).toBe(first.slackwater.trace);
  });

  test('the same id twice is the same answer, and while it runs the second one listens in', async () => {
    const key = { 'idempotency-key': 'once-only' };
    const asked = [brief('Once'), user('Tell me a story.')];
    const [first, second] = await Promise.all([chat.ask(asked, { max_tokens: 24, temperature: 1 }, key), chat.ask(asked, { max_tokens: 24, temperature: 1 }, key)]);
    const third = await chat.ask(asked, { max_tokens: 24, temperature: 1 }, key);
    expect(new Set([first, second, third].map((it) => it.slackwater.step)).size).toBe(1);
    expect(new Set([first, second, third].map((it) => it.choices[0].message.content)).size).toBe(1);
  });

  test('a session header is a trace, and its title request a side call of it', async () => {
    const session = { 'x-session-id': 'ses_0123' };
    const first = await chat.ask([brief('OpenCode'), user('Fix the bug.')], { max_tokens: 4 }, session);
    const title = await chat.ask([brief('Titles'), user('A title for: Fix the bug.')], { max_tokens: 4 }, session);
    const second = await chat.ask([brief('OpenCode'), user('Fix the bug.'), first.choices[0].message, user('More.')], { max_tokens: 4 }, session);
    expect(title.slackwater.trace).toBe(first.slackwater.trace);
    expect(title.slackwater.step).toMatch(/\/s\d+$/);
    expect(second.slackwater.step).toBe(`${first.slackwater.trace}/2`);
  });
});

describe('a harness that goes away', () => {
  test.each([['while it streams', true], ['before its whole answer', false]])('%s: its step is cancelled, and the process stays', async (_name, stream) => {
    const before = fleet.gateway.gateway.stats();
    const gone = new AbortController();
    const asking = chat.post({ model, messages: [brief(`Gone ${stream}`), user('Write a very long story about the sea.')], max_tokens: 2_000, temperature: 1, stream }, {}, gone.signal).then((response) => response.text()).catch((error: Error) => error.name);
    await until('the step runs', () => fleet.worker.host.stats().engine.running > 0);
    gone.abort();
    expect(await asking).toBe('AbortError');
    await until('the engine is idle again', () => fleet.worker.host.stats().engine.running === 0);
    await until('the gateway let go of it', () => fleet.gateway.gateway.stats().inFlight === 0);
    expect(fleet.gateway.gateway.stats().accepted).toBe(before.accepted + 1);
    expect(fleet.worker.host.stats().engine.generatedTokens).toBeLessThan(5_000);
    expect((await chat.ask([user('Are you well?')], { max_tokens: 2 })).usage.completion_tokens).toBeGreaterThan(0);
  });
});

test('a harness that gave an id and goes away finds its answer when it comes back', async () => {
  const sent = { model, messages: [brief('Back'), user('Tell a story.')], max_tokens: 24, temperature: 0 };
  const key = { 'idempotency-key': 'comes-back' };
  const gone = new AbortController();
  const asking = chat.post(sent, key, gone.signal).catch((error: Error) => error.name);
  await until('the step runs', () => fleet.worker.host.stats().engine.running > 0);
  gone.abort();
  expect(await asking).toBe('AbortError');
  const answer = await chat.ask(sent.messages, sent, key);
  expect(answer.slackwater.step).toMatch(/\/1$/);
  expect(answer.usage.completion_tokens).toBe(24);
});

test('a trace that its harness ends is over, also one that was inferred', async () => {
  const before = fleet.conductor.conductor.stats().liveTraces;
  const first = await chat.ask([brief('Ends'), user('One.')], { max_tokens: 2 });
  await until('it lives', () => fleet.conductor.conductor.stats().liveTraces === before + 1);
  const last = await chat.ask([brief('Ends'), user('One.'), first.choices[0].message, user('Two.')], { max_tokens: 2, slackwater: { end: true } });
  expect(last.slackwater.step).toBe(`${first.slackwater.trace}/2`);
  await until('it is over', () => fleet.conductor.conductor.stats().liveTraces === before);
});

test('a port that is taken is one line', async () => {
  const squatter = createServer();
  await new Promise<void>((done) => { squatter.listen(0, '127.0.0.1', done); });
  const { port } = squatter.address() as { port: number };
  const failure = await startGateway({ ...fleet.config, gateway: { ...fleet.config.gateway, port } }, fleet.natsUrl).then(() => null, (error: Error) => error);
  expect(failure).toBeInstanceOf(StartError);
  expect(failure?.message).toBe(`port ${port} of 127.0.0.1 is taken: choose another (gateway.port), or stop what listens there`);
  squatter.close();
});
