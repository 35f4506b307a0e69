import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readGguf } from './gguf.ts';
import { modelPath, readGolden } from './golden/model-under-test.ts';
import { type ChatMessage, messageChain } from './message.ts';
import { TextPool } from './pool.ts';
import { SpliceMemory } from './splice-memory.ts';
import { Vocabulary } from './vocabulary.ts';

type Chats = { messages: ChatMessage[]; prompt: boolean; ids: number[] }[];

const vocabulary = new Vocabulary(readGguf(modelPath));
const chats = readGolden<Chats>('chats.json.gz').filter((chat) => chat.prompt);
const request = (messages: ChatMessage[]) => ({ messages, chain: messageChain('t', 'm', messages) });
const hi = request([{ role: 'user', content: 'Hi' }]);
const hiIds = chats[0]!.ids;
/** Takes the tokenizer seconds: one word, a million characters long. */
const slow = request([{ role: 'user', content: ' '.repeat(1_000_000) }]);

describe('text pool', () => {
  const splices = new SpliceMemory(vocabulary);
  const pool = new TextPool({ modelPath }, splices);
  beforeAll(() => pool.ready());
  afterAll(() => pool.close());

  it('answers many prompts at once, each with its own ids', async () => {
    const prompts = await Promise.all(chats.map((chat) => pool.encode(request(chat.messages), 10_000)));
    expect(prompts.map((prompt) => [...prompt.tokens])).toEqual(chats.map((chat) => chat.ids));
    expect(pool.totals.prompts).toBe(chats.length);
  });

  it('splices what is remembered, and counts what is not as lost, once', async () => {
    const messages: ChatMessage[] = [{ role: 'user', content: 'Q' }, { role: 'assistant', content: 'hello' }, { role: 'user', content: 'R' }];
    const asked = request(messages);
    const before = pool.totals.lost;
    expect([(await pool.encode(asked, 10_000)).lost, (await pool.encode(asked, 10_000)).lost, pool.totals.lost - before]).toEqual([1, 0, 1]);
    const odd = [...'hello'].map((letter) => readGguf(modelPath).tokenizer.tokens.indexOf(letter));
    splices.remember(asked.chain[1]!, odd, 'hello');
    const prompt = await pool.encode(asked, 10_000);
    expect([prompt.spliced, prompt.lost, [...prompt.tokens].join().includes(odd.join())]).toEqual([5, 0, true]);
  });

  it('refuses a bad message alone, and goes on', async () => {
    await expect(pool.encode({ messages: [{ role: 'user', content: [{ type: 'image_url' }] }], chain: ['x'] }, 10_000)).rejects.toMatchObject({ code: 'message_invalid', retry: 'never' });
    await expect(pool.encode({ messages: hi.messages, chain: [] }, 10_000)).rejects.toThrow(/a chain of 0 names for 1 messages/);
    let deep: unknown = 'x';
    for (let i = 0; i < 100_000; i++) deep = [deep];
    await expect(pool.encode({ ...hi, tools: [deep] }, 10_000)).rejects.toMatchObject({ code: 'message_invalid' });
    await expect(pool.encode({ ...hi, tools: [() => 1] }, 10_000)).rejects.toThrow(/cannot be handed over/);
    expect([...(await pool.encode(hi, 10_000)).tokens]).toEqual(hiIds);
  });
});

describe('text pool under pressure', () => {
  const pools: TextPool[] = [];
  const start = async (options: Partial<ConstructorParameters<typeof TextPool>[0]>): Promise<TextPool> => {
    const pool = new TextPool({ modelPath, ...options }, new SpliceMemory(vocabulary));
    pools.push(pool);
    await pool.ready();
    return pool;
  };
  afterAll(() => Promise.all(pools.map((pool) => pool.close())));

  it('refuses beyond its bound and at the deadline with the numbers, replaces a stuck thread, and answers what waited', async () => {
    const pool = await start({ queueMax: 1, stuckMs: 400 });
    const stuck = pool.encode(slow, 60_000);
    const late = pool.encode(hi, 50);
    await expect(pool.encode(hi, 10_000)).rejects.toMatchObject({ code: 'queue_full', retry: 'later', message: '1 of 1 prompts wait for the tokenizer' });
    await expect(late).rejects.toMatchObject({ code: 'deadline', retry: 'later', message: expect.stringMatching(/not tokenised within 50 ms/) });
    const patient = pool.encode(hi, 20_000);
    await expect(stuck).rejects.toMatchObject({ code: 'tokenizer_died', retry: 'later' });
    expect([...(await patient).tokens]).toEqual(hiIds);
    expect(pool.waiting).toBe(0);
  }, 30_000);

  it('refuses what waits when it is closed, and everything after', async () => {
    const pool = await start({});
    const early = [pool.encode(slow, 60_000), pool.encode(hi, 60_000)];
    const closed = pool.close();
    const settled = await Promise.allSettled([...early, pool.encode(hi, 1000)]);
    expect(settled.map((prompt) => prompt.status === 'rejected' && prompt.reason.code)).toEqual(['closed', 'closed', 'closed']);
    await closed;
  });

  it('says why a model cannot be served', async () => {
    const pool = new TextPool({ modelPath: `${modelPath}.none` }, new SpliceMemory(vocabulary));
    pools.push(pool);
    await expect(pool.ready()).rejects.toThrow(/cannot read .*\.none: ENOENT/);
  });
});
