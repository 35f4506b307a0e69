import { jetstream, type JetStreamClient } from '@nats-io/jetstream';
import { type NatsConnection, connect as natsConnect, headers as natsHeaders } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, connect, type Reply, type Step } from '../../infra/client/index.ts';
import { parseReply } from '../../schemas/reply.ts';
import { brief, model, user } from './chat.ts';
import { type Fleet, startFleet, until } from './fleet.ts';

let fleet: Fleet;
let client: Client;
let nc: NatsConnection;
let js: JetStreamClient;
beforeAll(async () => {
  fleet = await startFleet();
  client = await connect({ servers: fleet.natsUrl, tenant: 'acme' });
  nc = await natsConnect({ servers: fleet.natsUrl });
  js = jetstream(nc);
});
afterAll(async () => {
  await client?.close();
  await nc?.close();
  await fleet?.close();
});

async function answersTo(step: Step): Promise<Reply[]> {
  const replies: Reply[] = [];
  for await (const reply of client.submit(step)) replies.push(reply);
  return replies;
}
const few = { max_tokens: 8 };
const endOf = (replies: readonly Reply[]) => replies.at(-1);
const textOf = (replies: readonly Reply[]): string => replies.map((reply) => (reply.kind === 'delta' ? reply.text : '')).join('');
const stepOf = (replies: readonly Reply[]): string => { const first = replies[0]; return first?.kind === 'accepted' ? first.step : JSON.stringify(first); };

/** A harness without our client: bytes in, replies out until the first that ends it. */
async function publish(bytes: Uint8Array, contentType: string | null = null, subject = 'sw.step.acme'): Promise<Reply[]> {
  const reply = `harness.${Math.random().toString(36).slice(2)}`;
  const replies: Reply[] = [];
  const subscription = nc.subscribe(reply, { callback: (_error, message) => { const read = parseReply(message.data); if (read.kind !== 'fault') replies.push(read); } });
  const headers = natsHeaders();
  if (contentType !== null) headers.set('content-type', contentType);
  const text = new TextDecoder().decode(bytes);
  await js.publish(subject, text.includes('@reply@') ? text.replace('@reply@', reply) : bytes, { headers });
  await until('the harness has its answer', () => replies.some((it) => it.kind === 'result' || it.kind === 'failed' || it.kind === 'refused'));
  subscription.unsubscribe();
  return replies;
}
const json = (step: object): Uint8Array => new TextEncoder().encode(JSON.stringify({ reply: '@reply@', ...step }));

describe('a harness over NATS', () => {
  test('deltas make up the result, and its numbers add up', async () => {
    const replies = await answersTo({ model, messages: [brief('Over NATS'), user('List three fruits.')], sampling: { max_tokens: 24 } });
    const result = endOf(replies);
    if (result?.kind !== 'result') throw new Error(JSON.stringify(result));
    expect(replies[0]).toMatchObject({ kind: 'accepted', attempt: 1, known_tokens: 0, identity: { how: 'new' } });
    expect(textOf(replies)).toBe(result.text);
    expect(result).toMatchObject({ finish: 'length', worker: 'worker-1', usage: { generated: 24 } });
    expect(result.usage.hit + result.usage.recalled + result.usage.computed).toBe(result.usage.prompt);
    expect(result.cost_usd).toBeGreaterThan(0);
    let offset = 0;
    for (const reply of replies) if (reply.kind === 'delta') { expect(reply.offset).toBe(offset); offset += reply.tokens; }
    expect(offset).toBe(24);
  });

  test('append: only what is new is sent, and the prefix is hit', async () => {
    const first = await answersTo({ trace: 'appending', seq: 1, model, messages: [brief('Append'), user('One.')], sampling: few });
    const second = await answersTo({ trace: 'appending', seq: 2, model, append: [user('Two.')], sampling: few });
    const third = await answersTo({ trace: 'appending', seq: 3, model, append: [user('Three.')], sampling: few });
    const result = endOf(third);
    if (result?.kind !== 'result') throw new Error(JSON.stringify(result));
    expect([first, second, third].map((replies) => stepOf(replies).split('/')[1])).toEqual(['1', '2', '3']);
    expect(new Set([first, second, third].map((replies) => stepOf(replies).split('/')[0])).size).toBe(1);
    expect(third[0]).toMatchObject({ kind: 'accepted', identity: { how: 'explicit', confidence: 1 } });
    expect(result.usage.prompt - result.usage.hit - result.usage.recalled).toBeLessThanOrEqual(40 + 64);
  });

  test('the same id again is the same step and the same answer, with append too', async () => {
    await answersTo({ trace: 'again', seq: 1, model, messages: [brief('Again'), user('One.')], sampling: few });
    const step: Step = { id: 'again-2', trace: 'again', seq: 2, model, append: [user('Two.')], sampling: { ...few, temperature: 1 } };
    const [first, second] = [await answersTo(step), await answersTo(step)];
    expect(stepOf(second)).toBe(stepOf(first));
    expect(textOf(second)).toBe(textOf(first));
    expect(endOf(second)).toEqual(endOf(first));
  });

  test('an append whose history nobody has is refused, and says what to send', async () => {
    expect(await answersTo({ trace: 'unheard-of', seq: 4, model, append: [user('Four.')], sampling: few }))
      .toMatchObject([{ kind: 'refused', code: 'history_unknown', message: expect.stringMatching(/steps 1 to 3 of trace "unheard-of".*"messages"/) }]);
  });

  test('a wrong seq is refused with both numbers', async () => {
    const messages = [brief('Seq'), user('One.')];
    await answersTo({ trace: 'counted', seq: 1, model, messages, sampling: few });
    for (const [seq, code] of [[3, 'seq_gap'], [1, 'seq_old']] as const) {
      expect(await answersTo({ trace: 'counted', seq, model, messages, sampling: few })).toMatchObject([{ kind: 'refused', code, limit: 2, got: seq }]);
    }
  });

  test('the end of a trace is taken, and a late step opens it again', async () => {
    await answersTo({ trace: 'over', seq: 1, model, messages: [brief('Over'), user('One.')], sampling: few });
    await client.end('over');
    const late = await answersTo({ trace: 'over', seq: 2, model, append: [user('Two.')], sampling: few });
    expect(endOf(late)).toMatchObject({ kind: 'result' });
  });
});

describe('a harness without our client', () => {
  test('gets the replies of the contracts on the subject that it named', async () => {
    const replies = await publish(json({ v: 1, id: 'raw-1', trace: 'raw', seq: 1, model, messages: [user('hi')], sampling: few }), 'application/json');
    expect(replies[0]).toMatchObject({ kind: 'accepted', identity: { how: 'explicit' } });
    expect(endOf(replies)).toMatchObject({ kind: 'result', usage: { generated: expect.any(Number) } });
  });

  test.each([
    ['an unknown field', { model, messages: [user('hi')], mood: 1 }, 'unknown_field', /"mood"/],
    ['an unknown model', { model: 'gpt-17', messages: [user('hi')] }, 'unknown_model', /gpt-17/],
    ['neither messages nor append', { model }, 'invalid_step', /neither/],
    ['a step of more bytes than may come', { model, messages: [user('x'.repeat(1_000_001))] }, 'payload_too_large', /10\d{5} bytes; 1000000 may come in one message/],
    ['a prompt beyond the context', { model, messages: [user('word '.repeat(9_000))] }, 'context_length', /prompt of \d+ tokens; smollm2-135m takes 8192/],
  ])('is told of %s', async (_name, step, code, message) => {
    const [refusal] = await publish(json(step));
    expect(refusal).toMatchObject({ kind: 'refused', code, message: expect.stringMatching(message) });
  });

  test('what cannot be answered is taken from the queue, and what follows is answered', async () => {
    for (const bytes of ['{', '\xff\xfe', '', '{"v":1,"reply":"$SYS.x"}', 'null']) await js.publish('sw.step.acme', Buffer.from(bytes, 'latin1'));
    await js.publish('sw.step.acme', new TextEncoder().encode('{}'), { headers: (() => { const it = natsHeaders(); it.set('content-type', 'image/png'); return it; })() });
    expect(endOf(await answersTo({ model, messages: [user('Still there?')], sampling: few }))).toMatchObject({ kind: 'result' });
    const stream = await (await js.jetstreamManager()).streams.info('SW_STEP');
    expect(stream.state.messages).toBe(0);
  });
});
