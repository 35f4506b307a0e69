import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChatMessage } from '../../schemas/chat.ts';
import { startGateway } from '../../infra/main/gateway.ts';
import { brief, Chat, type Completion, model, user } from './chat.ts';
import { type Fleet, type GatewayRole, startFleet } from './fleet.ts';

let fleet: Fleet;
let second: GatewayRole;
let chat: Chat;
beforeAll(async () => {
  fleet = await startFleet();
  second = await startGateway({ ...fleet.config, gateway: { ...fleet.config.gateway, name: 'gateway-2' } }, fleet.natsUrl);
  chat = new Chat(fleet.gateway.url);
});
afterAll(async () => {
  await second?.close();
  await fleet?.close();
});

const cached = ({ usage }: Completion): number => usage.prompt_tokens_details.cached_tokens;
/** What has to be computed of a next prompt: its new message with the template's words around it, and a partial block. */
const allowed = 40 + 64;

describe('a model\'s own answer that comes back in the next prompt hits the prefix', () => {
  test.each([['greedy', 0], ['sampled, where ids are not those that a tokenizer would choose', 1.6]])('%s', async (_name, temperature) => {
    const messages: ChatMessage[] = [brief(`Prefix ${temperature}`), user('Invent a word and explain it.')];
    let earlier = 0;
    for (let turn = 1; turn <= 3; turn++) {
      const answer = await chat.ask(messages, { temperature, seed: 40 + turn, max_tokens: 28 });
      if (turn > 1) expect(answer.usage.prompt_tokens - cached(answer), `turn ${turn}`).toBeLessThanOrEqual(allowed);
      if (turn > 1) expect(cached(answer), `turn ${turn}`).toBeGreaterThanOrEqual(earlier - 64);
      earlier = answer.usage.total_tokens;
      messages.push(answer.choices[0].message, user('Another one, please.'));
    }
    if (temperature === 0) return;
    // Who never saw the answers being made has to tokenise their text: that it takes another number of ids shows that there was something to splice.
    const [own, anew] = [await chat.ask(messages, { max_tokens: 1 }), await chat.ask(messages, { max_tokens: 1 }, { 'x-slackwater-tenant': 'stranger' })];
    expect(anew.usage.prompt_tokens).not.toBe(own.usage.prompt_tokens);
  });

  test('also when it comes back to another gateway', async () => {
    const messages: ChatMessage[] = [brief('Elsewhere'), user('Invent a word.')];
    const first = await chat.ask(messages, { temperature: 1.6, seed: 7, max_tokens: 28 });
    const next = await new Chat(second.url).ask([...messages, first.choices[0].message, user('Another.')], { max_tokens: 4 });
    expect(next.slackwater.trace).toBe(first.slackwater.trace);
    expect(cached(next)).toBeGreaterThanOrEqual(first.usage.total_tokens - 64);
  });
});

describe('a trace is recognised without any id', () => {
  test('three turns are three steps of one, with text parts as well as strings', async () => {
    const messages: ChatMessage[] = [brief('Inferred'), user('One.')];
    const steps: string[] = [];
    for (const turn of ['Two.', 'Three.', 'Four.']) {
      const answer = await chat.ask(messages, { max_tokens: 4 });
      steps.push(answer.slackwater.step);
      const back = { role: 'assistant', content: [{ type: 'text', text: answer.choices[0].message.content }] };
      messages.push(back as unknown as ChatMessage, user(turn));
    }
    const trace = steps[0]?.split('/')[0];
    expect(steps).toEqual([1, 2, 3].map((seq) => `${trace}/${seq}`));
  });

  test('another conversation is another trace', async () => {
    const [a, b] = [await chat.ask([brief('A'), user('x')], { max_tokens: 2 }), await chat.ask([brief('B'), user('x')], { max_tokens: 2 })];
    expect(a.slackwater.trace).not.toBe(b.slackwater.trace);
  });
});

test('two tenants share neither traces nor prefixes', async () => {
  const messages = [brief('Shared'), user('One.')];
  const headers = { 'x-slackwater-tenant': 'tenant-a', 'x-slackwater-trace': 'same-name', 'idempotency-key': 'same-key' };
  const a = await chat.ask(messages, { max_tokens: 8 }, headers);
  const b = await chat.ask(messages, { max_tokens: 8 }, { ...headers, 'x-slackwater-tenant': 'tenant-b' });
  expect(b.slackwater.trace).not.toBe(a.slackwater.trace);
  expect(cached(b)).toBe(0);
  expect(b.choices[0].message.content).toBe(a.choices[0].message.content);
  // What the first one's own tenant asks for is there.
  const again = await chat.ask(messages, { max_tokens: 8 }, { 'x-slackwater-tenant': 'tenant-a' });
  expect(cached(again)).toBeGreaterThanOrEqual(64);
});

describe('stop strings', () => {
  const messages = [brief('Stops'), user('Count from one to twenty in words.')];

  test('one that lies across tokens ends the answer before it, whole and streamed', async () => {
    const whole = (await chat.ask(messages, { max_tokens: 28 })).choices[0].message.content;
    // From the middle of one word to the middle of a later one: no token begins or ends there.
    const at = Math.floor(whole.length / 2), stop = whole.slice(at, at + 9);
    const expected = whole.slice(0, whole.indexOf(stop));
    const stopped = await chat.ask(messages, { max_tokens: 28, stop: [stop] });
    expect(stopped.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: expected } });
    let streamed = '';
    for await (const chunk of chat.stream(messages, { max_tokens: 28, stop })) streamed += chunk.choices[0]?.delta.content ?? '';
    expect(streamed).toBe(expected);
  });

  test('an answer that was cut by one comes back and hits the prefix', async () => {
    const whole = (await chat.ask(messages, { max_tokens: 28 })).choices[0].message.content;
    const stopped = await chat.ask(messages, { max_tokens: 28, stop: [whole.slice(whole.length >> 1, (whole.length >> 1) + 8)] });
    const next = await chat.ask([...messages, stopped.choices[0].message, user('Go on.')], { max_tokens: 2 });
    expect(next.usage.prompt_tokens - cached(next)).toBeLessThanOrEqual(allowed);
  });
});

test('an answer to a known model name only: the list says which', async () => {
  const { body } = await chat.refused({ model: `${model}-instruct`, messages: [user('x')] });
  expect(body.error.message).toContain(`known: ${model}`);
});
