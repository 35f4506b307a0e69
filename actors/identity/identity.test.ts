import { describe, expect, test } from 'vitest';
import { partitionOf } from '../lib/ids.ts';
import { limits } from '../lib/limits.ts';
import { idsMax, tipsMax } from '../lib/tips.ts';
import { pendingMs } from './identity.ts';
import { mintTrace, partitionOfWho } from './names.ts';
import { confidence } from './recognise.ts';
import { emptyIdentities, rowLimits } from './rows.ts';
import { World, conversation, prompt } from './world.fixture.ts';

describe('identity of a conversation without ids', () => {
  test('an unknown conversation is a new trace in this partition, and its next step is recognised', () => {
    const world = new World();
    const first = world.run(prompt(conversation('a', 1)));
    expect(first).toMatchObject({ seq: 1, lane: 'main', parent: null, isKnown: false, identity: { how: 'new', confidence: confidence.fresh } });
    expect(partitionOf(first.trace)).toBe(5);
    expect(world.run(prompt(conversation('a', 2)))).toMatchObject({ trace: first.trace, step: `${first.trace}/2`, seq: 2, lane: 'main', identity: { how: 'inferred', confidence: confidence.next } });
    expect(world.run(prompt(conversation('a', 3)))).toMatchObject({ trace: first.trace, seq: 3 });
  });

  test('the same system prompt over another task is another trace', () => {
    const world = new World();
    const a = world.run(prompt(conversation('a', 1)));
    expect(world.run(prompt(conversation('b', 1)))).toMatchObject({ seq: 1, parent: null, identity: { how: 'new' } });
    expect(world.run(prompt(conversation('a', 2))).trace).toBe(a.trace);
  });

  test('the same conversation of another tenant, or on another model, is another trace', () => {
    const world = new World();
    const a = world.run(prompt(conversation('a', 1)));
    const b = world.run(prompt(conversation('a', 2), { tenant: 'other' }));
    const c = world.run(prompt(conversation('a', 2), { model: 'larger' }));
    expect(new Set([a.trace, b.trace, c.trace]).size).toBe(3);
    expect([b, c].map((reply) => reply.identity.how)).toEqual(['new', 'new']);
  });

  test('four staggered copies of one run stay four traces, each step going to the one idle longest', () => {
    const world = new World();
    const firsts = [1, 2, 3, 4].map(() => world.run(prompt(conversation('a', 1))));
    expect(new Set(firsts.map((reply) => reply.trace)).size).toBe(4);
    expect(firsts[1]?.identity).toEqual({ how: 'new', confidence: confidence.copy });
    const leader = world.run(prompt(conversation('a', 2)));
    expect(leader).toMatchObject({ trace: firsts[0]?.trace, seq: 2, identity: { confidence: confidence.next / 4 } });
    expect(world.run(prompt(conversation('a', 3)))).toMatchObject({ trace: firsts[0]?.trace, seq: 3 });
    expect([2, 3, 4].map(() => world.run(prompt(conversation('a', 2))).trace)).toEqual(firsts.slice(1).map((reply) => reply.trace));
  });

  test('a step that extends a prompt still running is a branch: a new trace with that parent', () => {
    const world = new World();
    const who = prompt(conversation('a', 1));
    const parent = world.ask(who);
    const early = world.ask(prompt([...conversation('a', 1), 'sub-task 1']));
    expect(early, 'pending counts as running').toMatchObject({ seq: 1, parent: parent.trace, identity: { how: 'inferred', confidence: confidence.fork } });
    world.accept(who, parent);
    expect(world.ask(prompt([...conversation('a', 1), 'sub-task 2']))).toMatchObject({ seq: 1, parent: parent.trace });
    world.end(parent);
    expect(world.ask(prompt(conversation('a', 2)))).toMatchObject({ trace: parent.trace, seq: 2 });
  });

  test('siblings of a fan-out beside the parent\'s running step are branches, not side calls', () => {
    const world = new World();
    const parent = world.run(prompt(conversation('a', 1)));
    const replies = Array.from({ length: 20 }, (_, i) => world.ask(prompt([...conversation('a', 1), 'answer', `child ${i}`])));
    expect(replies[0]).toMatchObject({ trace: parent.trace, seq: 2 });
    expect(new Set(replies.slice(1).map((reply) => reply.trace)).size).toBe(19);
    expect(replies.slice(1).every((reply) => reply.parent === parent.trace && reply.seq === 1)).toBe(true);
  });

  test('a step that extends an older prompt of an idle trace is a side call, and one that goes on from there a branch', () => {
    const world = new World();
    const main = world.run(prompt(conversation('a', 1)));
    for (const n of [2, 3, 4]) world.run(prompt(conversation('a', n)));
    const older = [...conversation('a', 2), 'summarise this'];
    const side = world.run(prompt(older));
    expect(side).toMatchObject({ trace: main.trace, lane: 'side', seq: 4, identity: { how: 'inferred', confidence: confidence.side } });
    expect(side.step).toMatch(new RegExp(`^${main.trace}/s\\d+$`));
    expect(world.run(prompt([...older, 'summary', 'shorter']))).toMatchObject({ parent: main.trace, seq: 1, lane: 'main' });
    expect(world.run(prompt(conversation('a', 5)))).toMatchObject({ trace: main.trace, seq: 5 });
  });

  test('more open side calls than a trace may have become branches', () => {
    const world = new World();
    world.run(prompt(conversation('a', 1)));
    world.run(prompt(conversation('a', 2)));
    const lanes = Array.from({ length: limits.sideCallsMax + 2 }, (_, i) => world.ask(prompt([...conversation('a', 1), `aside ${i}`])).lane);
    expect(lanes.filter((lane) => lane === 'side').length).toBe(limits.sideCallsMax);
    expect(lanes.slice(-2)).toEqual(['main', 'main']);
  });

  test('compaction: a prompt that shrinks to a summary is a new trace', () => {
    const world = new World();
    const before = world.run(prompt(conversation('a', 1)));
    world.run(prompt(conversation('a', 2)));
    const after = world.run(prompt(['system', 'summary of what was done', 'go on']));
    expect(after).toMatchObject({ seq: 1, identity: { how: 'new', confidence: confidence.fresh } });
    expect(after.trace).not.toBe(before.trace);
    expect(world.run(prompt(['system', 'summary of what was done', 'go on', 'answer', 'tool']))).toMatchObject({ trace: after.trace, seq: 2 });
  });

  test('a prompt repeated word for word without its id is a copy, whether the first is running or answered', () => {
    const world = new World();
    const first = world.ask(prompt(conversation('a', 1)));
    expect(world.ask(prompt(conversation('a', 1))).trace).not.toBe(first.trace);
    const other = new World();
    const a = other.run(prompt(conversation('a', 1)));
    other.run(prompt(conversation('a', 2)));
    expect(other.run(prompt(conversation('a', 2)))).toMatchObject({ seq: 1, parent: null, identity: { how: 'new', confidence: confidence.copy } });
    expect(other.run(prompt(conversation('a', 3))).identity.confidence).toBe(confidence.next / 2);
    expect(a.seq).toBe(1);
  });

  test('a trace that is over is taken up again by its next step, after any that lives', () => {
    const world = new World();
    const over = world.run(prompt(conversation('a', 1)));
    world.feed({ kind: 'done', trace: over.trace });
    const copy = world.run(prompt(conversation('a', 1)));
    expect(world.run(prompt(conversation('a', 2))).trace).toBe(copy.trace);
    expect(world.run(prompt(conversation('a', 2)))).toMatchObject({ trace: over.trace, seq: 2, identity: { confidence: confidence.reopened } });
  });

  test('a trace that was over and is loaded from its saved state after its next step was heard of goes on from that step', () => {
    const world = new World();
    const first = world.run(prompt(conversation('a', 1)));
    world.feed({ kind: 'done', trace: first.trace });
    const saved = world.saved.get(first.trace);
    const who = prompt(conversation('a', 2)), second = world.ask(who);
    world.accept(who, second);
    if (saved !== undefined) world.feed({ kind: 'loaded', saved: { ...saved, isDone: true } });
    world.end(second);
    expect(world.run(prompt(conversation('a', 3)))).toMatchObject({ trace: first.trace, seq: 3 });
  });
});

describe('a trace that was over and is loaded for an entry that the log told before', () => {
  test('its side call keeps its id, and a question that is pending its place', () => {
    const world = new World();
    const first = world.run(prompt(conversation('a', 1)));
    world.run(prompt(conversation('a', 2)));
    world.feed({ kind: 'done', trace: first.trace });
    const saved = world.saved.get(first.trace);
    const who = prompt([...conversation('a', 1), 'a title'], { trace: first.trace }), side = world.ask(who);
    world.accept(who, side);
    const asked = prompt(conversation('a', 3)), pending = world.ask(asked);
    if (saved !== undefined) world.feed({ kind: 'loaded', saved: { ...saved, isDone: true } });
    world.end(side);
    expect(world.ask(who)).toMatchObject({ step: side.step, isKnown: true });
    expect(world.ask(asked)).toEqual(pending);
  });

  test('when nothing else is known of it any more, the ids and the prompts that were saved are known again beside the new one', () => {
    const world = new World();
    const whos = [1, 2, 3].map((n) => prompt(conversation('a', n)));
    const replies = whos.map((who) => world.run(who));
    const saved = world.saved.get(replies[0]?.trace ?? '');
    world.state = emptyIdentities(world.partition);
    const next = prompt(conversation('a', 4), { trace: replies[0]?.trace ?? '', seq: 4 });
    world.accept(next, { kind: 'whoReply', trace: next.trace ?? '', parent: null, step: `${next.trace}/4`, seq: 4, lane: 'main', identity: { how: 'explicit', confidence: 1 }, isKnown: false });
    if (saved !== undefined) world.feed({ kind: 'loaded', saved });
    expect(whos.map((who) => world.ask(who)).map(({ step, isKnown }) => ({ step, isKnown }))).toEqual(replies.map(({ step }) => ({ step, isKnown: true })));
    expect(world.ask(prompt([...conversation('a', 2), 'aside']))).toMatchObject({ trace: next.trace });
  });
});

describe('identity by id', () => {
  test('a question asked again gets the same answer, pending or accepted', () => {
    const world = new World();
    const who = prompt(conversation('a', 1));
    const reply = world.ask(who);
    expect(world.ask(who)).toEqual(reply);
    world.accept(who, reply);
    expect(world.ask(who)).toMatchObject({ trace: reply.trace, step: reply.step, isKnown: true });
    expect(world.ask({ ...who, tenant: 'other' })).toMatchObject({ isKnown: false, seq: 1 });
  });

  test('an answer nobody used expires: the place is free and a repeated question gets the old name', () => {
    const world = new World();
    const started = world.run(prompt(conversation('a', 1)));
    const unused = prompt(conversation('a', 2));
    const fresh = prompt(conversation('b', 1));
    expect(world.ask(unused)).toMatchObject({ trace: started.trace, seq: 2 });
    const name = world.ask(fresh).trace;
    world.nowMs += pendingMs;
    expect(world.ask(prompt(conversation('a', 2)))).toMatchObject({ trace: started.trace, seq: 2 });
    expect(world.state.rows.has(name)).toBe(false);
    expect(world.ask(fresh).trace).toBe(name);
  });

  test('a step accepted after its answer expired still counts', () => {
    const world = new World();
    const who = prompt(conversation('a', 1));
    const reply = world.ask(who);
    world.nowMs += 2 * pendingMs;
    world.accept(who, reply);
    world.end(reply);
    expect(world.ask(prompt(conversation('a', 2)))).toMatchObject({ trace: reply.trace, seq: 2 });
  });

  test('a refused step gives its place back, but not that of another step of the same name', () => {
    const world = new World();
    const first = world.run(prompt(conversation('a', 1)));
    const who = prompt(conversation('a', 2));
    const reply = world.ask(who);
    world.accept(who, reply);
    world.feed({ kind: 'refused', tenant: 'acme', id: who.id, trace: reply.trace, step: reply.step });
    const second = prompt(conversation('a', 2));
    const again = world.ask(second);
    expect(again).toMatchObject({ trace: first.trace, seq: 2 });
    world.accept(second, again);
    const doubled = prompt(conversation('a', 2));
    world.accept(doubled, again);
    world.feed({ kind: 'refused', tenant: 'acme', id: doubled.id, trace: again.trace, step: again.step });
    expect(world.state.rows.get(first.trace)).toMatchObject({ seq: 2, running: new Set([again.step]) });
    expect(world.ask(second).isKnown).toBe(true);
  });
});

describe('identity of an explicit trace', () => {
  const trace = mintTrace(5, 'acme', 'given', 0);
  const explicit = (messages: string[], seq: number | null = null) => prompt(messages, { trace, seq });

  test('its steps are certain, with the seq given or the next', () => {
    const world = new World();
    expect(world.run(explicit(conversation('a', 1)))).toMatchObject({ trace, seq: 1, identity: { how: 'explicit', confidence: 1 } });
    expect(world.run(explicit(conversation('a', 2)))).toMatchObject({ trace, seq: 2, lane: 'main' });
    expect(world.run(explicit(['anything'], 3))).toMatchObject({ trace, seq: 3, lane: 'main' });
  });

  test('a seq that is not the next is answered with the next, and nothing is kept for it', () => {
    const world = new World();
    for (const seq of [1, 2, 3]) world.run(explicit([`step ${seq}`], seq));
    for (const wrong of [9, 3, 1]) expect(world.ask(explicit(['anything', 'else'], wrong)), `seq ${wrong}`).toMatchObject({ seq: 4, lane: 'main' });
    expect(world.run(explicit(['step 4'], 4))).toMatchObject({ seq: 4 });
  });

  test('a step whose history does not extend the tip is a side call, and one that goes on from it the main course', () => {
    const world = new World();
    world.run(explicit(conversation('a', 1)));
    world.run(explicit(conversation('a', 2)));
    expect(world.run(explicit(['system', 'title, please']))).toMatchObject({ trace, lane: 'side', seq: 2 });
    expect(world.run(explicit(['system', 'title, please', 'A title', 'now go on']))).toMatchObject({ trace, lane: 'main', seq: 3 });
  });

  test('a trace of another tenant is not there: the step gets one of its own', () => {
    const world = new World();
    world.run(explicit(conversation('a', 1)));
    const other = world.ask({ ...explicit(conversation('a', 2)), tenant: 'other' });
    expect(other).toMatchObject({ seq: 1, identity: { how: 'new' } });
    expect(other.trace).not.toBe(trace);
  });
});

describe('identity, bounds and names', () => {
  test('a conversation keeps its partition whatever step asks, and a trace of ours its own', () => {
    const [a, b, c] = [prompt(conversation('a', 1)), prompt(conversation('a', 9)), prompt(conversation('b', 1))];
    expect(partitionOfWho(a, 1)).toBe(partitionOfWho(b, 1));
    expect(partitionOfWho(a, 1)).not.toBe(partitionOfWho(c, 1));
    expect(partitionOfWho({ ...a, trace: mintTrace(63, 'acme', 'x', 0) }, 1)).toBe(63);
    expect(partitionOfWho(a, -1)).toBe(partitionOfWho(c, -1));
  });

  test('100,000 minted names are different and are subject tokens', () => {
    const names = new Set(Array.from({ length: 100_000 }, (_, i) => mintTrace(i % 64, 'acme', `id-${i}`, 0)));
    expect(names.size).toBe(100_000);
    expect([...names].every((name) => partitionOf(name) !== null)).toBe(true);
  });

  test('tips and ids of a long trace stay bounded, and many side calls do not push out the main tip', () => {
    const world = new World();
    for (let n = 1; n <= 40; n++) world.run(prompt(conversation('a', n)));
    const [row] = [...world.state.rows.values()];
    expect(row?.tips.length).toBe(tipsMax);
    expect(row?.keys.length).toBe(idsMax);
    for (let i = 0; i < 40; i++) world.run(prompt([...conversation('a', 39), `aside ${i}`]));
    expect(world.ask(prompt(conversation('a', 41)))).toMatchObject({ trace: row?.trace, seq: 41 });
    world.takeOver();
    expect(world.ask(prompt(conversation('a', 41)))).toMatchObject({ trace: row?.trace, seq: 41 });
  });

  test('traces beyond the bound push out the least recently used, and leave nothing behind', () => {
    const world = new World();
    for (let i = 0; i < rowLimits.rowsMax + 10; i++) {
      const who = prompt(conversation(`c${i}`, 1));
      world.accept(who, world.ask(who));
      world.end({ ...world.ask(who) });
    }
    expect(world.state.rows.size).toBe(rowLimits.rowsMax);
    expect(world.state.known.size).toBe(rowLimits.rowsMax);
    expect(world.state.index.get('acme/m')?.size).toBe(rowLimits.rowsMax);
    expect(world.ask(prompt(conversation('c3', 2))).identity.how).toBe('new');
    for (const trace of [...world.state.rows.keys()]) world.feed({ kind: 'forgotten', trace });
    expect([world.state.rows.size, world.state.known.size, world.state.pending.size, world.state.index.size]).toEqual([0, 0, 0, 0]);
  });

  test('pending answers beyond the bound are withdrawn, oldest first', () => {
    const world = new World();
    const replies = Array.from({ length: rowLimits.pendingMax + 1 }, (_, i) => world.ask(prompt(conversation(`c${i}`, 1))));
    expect(world.state.pending.size).toBe(rowLimits.pendingMax);
    expect(world.state.rows.has(replies[0]?.trace as string)).toBe(false);
  });
});
