import { afterAll, beforeAll, expect, test } from 'vitest';
import { brief, Chat, type Completion, model, type Problem, user } from './chat.ts';
import { type Fleet, startFleet, until } from './fleet.ts';

let fleet: Fleet;
let chat: Chat;
beforeAll(async () => { fleet = await startFleet(); chat = new Chat(fleet.gateway.url); });
afterAll(async () => { await fleet?.close(); });

test('a nats-server that dies and comes back in the middle of an answer is not seen in its text', async () => {
  const messages = [brief('Outage'), user('Tell a long story about the sea.')];
  const reference = (await chat.ask(messages, { max_tokens: 40 })).choices[0].message.content;
  let text = '', chunks = 0, restarted: Promise<void> | null = null;
  for await (const chunk of chat.stream(messages, { max_tokens: 40 })) {
    text += chunk.choices[0]?.delta.content ?? '';
    if (++chunks === 5) restarted = fleet.killNats().then(() => fleet.restartNats());
  }
  await restarted;
  expect(restarted).not.toBeNull();
  expect(text).toBe(reference);
});

test('without its nats-server the gateway says 503 and when to come back, and later answers again', async () => {
  await fleet.killNats();
  await until('the gateway knows', async () => (await fetch(`${fleet.gateway.url}/healthz`)).status === 503);
  const response = await chat.post({ model, messages: [brief('Outage'), user('Anybody?')], max_tokens: 4 });
  const { error } = await response.json() as Problem;
  expect([response.status, error.type, error.code]).toEqual([503, 'server_error', 'bus_unavailable']);
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
  await fleet.restartNats();
  let answer: Completion | null = null;
  await until('steps are taken again', async () => {
    const again = await chat.post({ model, messages: [brief('Outage'), user('Anybody?')], max_tokens: 4 });
    if (again.status === 200) answer = await again.json() as Completion;
    return answer !== null;
  });
  expect(answer).toMatchObject({ usage: { completion_tokens: 4 } });
});
