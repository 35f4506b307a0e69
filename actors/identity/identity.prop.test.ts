import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Who, WhoReply } from '../../schemas/messages.ts';
import { pendingMs } from './identity.ts';
import { World, conversation, prompt } from './world.fixture.ts';

/** A harness that runs one agent: asks, publishes, waits for the answer, goes on. */
interface Agent { readonly name: string; readonly tenant: string; done: number; who: Who | null; reply: WhoReply | null; readonly traces: Set<string> }

const tasks = ['a', 'a', 'a', 'a', 'b', 'b', 'c', 'd'];
const newAgents = (): Agent[] => tasks.map((name, i) => ({ name, tenant: i % 4 === 3 ? 'other' : 'acme', done: 0, who: null, reply: null, traces: new Set() }));

const act = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('go' as const), agent: fc.nat(7) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('askAgain' as const), agent: fc.nat(7) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('takeOver' as const), replayed: fc.nat(12) }) },
);
/** A one-off beside the agent's course: from where it stood `back` steps ago. */
const aside = fc.record({ kind: fc.constant('aside' as const), agent: fc.nat(7), back: fc.nat(3) });
const acts = fc.array(act, { maxLength: 120, size: 'max' });

/** The agent's next thing: ask, publish, or be answered. */
function go(world: World, agent: Agent): void {
  if (agent.who === null) {
    agent.who = prompt(conversation(agent.name, agent.done + 1), { tenant: agent.tenant });
    agent.reply = world.ask(agent.who);
  } else if (agent.reply !== null && !world.log.some((event) => event.kind === 'accepted' && event.accepted.id === agent.who?.id)) {
    world.accept(agent.who, agent.reply);
  } else if (agent.reply !== null) {
    world.end(agent.reply);
    agent.traces.add(agent.reply.trace);
    agent.done++;
    agent.who = null;
    agent.reply = null;
  }
}

/** A pending answer dies with its owner: the gateways whose steps are not in the log ask again. */
function takeOver(world: World, agents: readonly Agent[], replayed: number): void {
  world.takeOver(replayed);
  for (const agent of agents) {
    const isAccepted = world.log.some((event) => event.kind === 'accepted' && event.accepted.id === agent.who?.id);
    if (agent.who !== null && !isAccepted) agent.reply = world.ask(agent.who);
  }
}

type Act = (typeof act | typeof aside) extends fc.Arbitrary<infer T> ? T : never;

function play(script: readonly Act[], agents: Agent[]): World {
  const world = new World();
  for (const each of script) {
    world.nowMs++;
    if (each.kind === 'takeOver') { takeOver(world, agents, each.replayed); continue; }
    const agent = agents[each.agent] as Agent;
    if (each.kind === 'go') go(world, agent);
    else if (each.kind === 'aside') world.run(prompt([...conversation(agent.name, Math.max(1, agent.done - each.back)), `aside of ${agent.name}`], { tenant: agent.tenant }));
    else if (agent.who !== null) expect(world.ask(agent.who)).toMatchObject({ trace: agent.reply?.trace, step: agent.reply?.step });
  }
  return world;
}

test('identity: copies, strangers and tenants that interleave get as many traces as there are agents, each extended in order by one step at a time', () => {
  fc.assert(fc.property(acts, (script) => {
    const agents = newAgents();
    const world = play(script, agents);
    const started = agents.filter((agent) => agent.reply !== null || agent.done > 0);
    const seen = new Map<string, { tenant: string; name: string; seq: number; isOpen: boolean }>();
    for (const event of world.log) {
      if (event.kind === 'accepted') {
        const { trace, tenant, seq, lane, messageChain } = event.accepted;
        expect(lane).toBe('main');
        const name = messageChain.split('\u0001')[1] as string;
        const row = seen.get(trace) ?? { tenant, name, seq: 0, isOpen: false };
        expect(row).toEqual({ tenant, name, seq: seq - 1, isOpen: false });
        seen.set(trace, { ...row, seq, isOpen: true });
      } else if (event.kind === 'ended') {
        const row = seen.get(event.trace);
        if (row !== undefined) row.isOpen = false;
      }
    }
    expect(world.state.rows.size).toBe(started.length);
    for (const agent of agents) if (!isCopied(agent, agents)) expect(agent.traces.size).toBeLessThanOrEqual(1);
  }));
});

const isCopied = (agent: Agent, agents: readonly Agent[]): boolean => agents.some((other) => other !== agent && other.name === agent.name && other.tenant === agent.tenant);

test('identity: a new owner answers as the old one would have', () => {
  fc.assert(fc.property(fc.array(fc.oneof({ weight: 8, arbitrary: act }, { weight: 1, arbitrary: aside }), { maxLength: 80, size: 'max' }), fc.nat(12), (script, replayed) => {
    const world = play(script.filter((each) => each.kind === 'go' || each.kind === 'aside'), newAgents());
    // Only what is in the log can be known again: what is pending has to expire first.
    world.nowMs += 2 * pendingMs;
    const live = world.state;
    for (const tenant of ['acme', 'other']) {
      for (const name of ['a', 'b', 'c', 'd', 'e']) {
        for (let n = 1; n <= 5; n++) {
          for (const messages of [conversation(name, n), [...conversation(name, n), 'aside']]) {
            const who = prompt(messages, { tenant });
            world.state = live;
            const expected = world.ask(who);
            world.feed({ kind: 'refused', tenant, id: who.id, trace: expected.trace, step: expected.step });
            world.takeOver(replayed);
            expect(world.ask(who)).toEqual(expected);
          }
        }
      }
    }
  }), { numRuns: 25 });
});
