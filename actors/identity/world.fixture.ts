import type { StepAccepted, Who, WhoReply } from '../../schemas/messages.ts';
import type { Instant } from '../lib/logic.ts';
import { idsAfter, tipsAfter } from '../lib/tips.ts';
import { type IdentityEvent, type SavedIdentity, identity } from './identity.ts';
import { type Identities, emptyIdentities } from './rows.ts';

/** A partition with its log and its saved traces: what a gateway and a host do around the identity actor. */
export class World {
  readonly partition = 5;
  state: Identities = emptyIdentities(5);
  nowMs = 1_000;
  readonly log: IdentityEvent[] = [];
  readonly saved = new Map<string, SavedIdentity>();

  feed(event: IdentityEvent): readonly WhoReply[] {
    return identity.step(this.state, event, this.nowMs as Instant).effects;
  }

  ask(who: Who): WhoReply {
    const [reply] = this.feed(who);
    if (reply === undefined) throw new Error('no reply');
    return reply;
  }

  accept(who: Who, reply: WhoReply): void {
    const accepted: StepAccepted = {
      kind: 'stepAccepted', trace: reply.trace, step: reply.step, id: who.id, tenant: who.tenant, parent: reply.parent, lane: reply.lane, seq: reply.seq,
      isSeqGiven: who.seq !== null, model: who.model, prompt: { pages: [], tail: new Int32Array(0), tailChain: new Uint8Array(0), tokens: 0 },
      messageChain: who.chain.at(-1) as string, sampling: { maxTokens: 1, temperature: 0, topP: 1, topK: 0, seed: 0n, stop: [], logprobs: -1 },
      class: 'agent', deadlineMs: 1_000, identity: reply.identity, atMs: this.nowMs,
    };
    this.enter({ kind: 'accepted', accepted });
    const old = this.saved.get(reply.trace) ?? { trace: reply.trace, tenant: who.tenant, model: who.model, parent: reply.parent, seq: 0, tips: [], ids: [], isRunning: false, isDone: false, sides: [], answeredAtMs: 0 };
    const isMain = reply.lane === 'main';
    this.saved.set(reply.trace, {
      ...old, tips: tipsAfter(old.tips, accepted), ids: idsAfter(old.ids, accepted), seq: isMain ? reply.seq : old.seq,
      isRunning: isMain || old.isRunning, isDone: false, sides: isMain ? old.sides : [...old.sides, reply.step],
    });
  }

  end(reply: WhoReply): void {
    this.enter({ kind: 'ended', trace: reply.trace, step: reply.step, atMs: ++this.nowMs });
    const old = this.saved.get(reply.trace) as SavedIdentity;
    this.saved.set(reply.trace, reply.lane === 'main' ? { ...old, isRunning: false, answeredAtMs: this.nowMs } : { ...old, sides: old.sides.filter((step) => step !== reply.step) });
  }

  /** Asked, accepted, answered. */
  run(who: Who): WhoReply {
    const reply = this.ask(who);
    this.accept(who, reply);
    this.end(reply);
    return reply;
  }

  /** A new owner: saved traces, then the last entries of the log once more. */
  takeOver(replayed = 5): void {
    this.state = emptyIdentities(this.partition);
    for (const saved of this.saved.values()) this.feed({ kind: 'loaded', saved });
    for (const event of this.log.slice(-replayed)) this.feed(event);
  }

  private enter(event: IdentityEvent): void {
    this.log.push(event);
    this.feed(event);
  }
}

let ids = 0;
/** A prompt of these messages: each hash is that of all messages up to there. */
export function prompt(messages: readonly string[], more: Partial<Who> = {}): Who {
  return { kind: 'who', tenant: 'acme', model: 'm', id: `id-${++ids}`, trace: null, parent: null, seq: null, chain: messages.map((_, i) => messages.slice(0, i + 1).join('\u0001')), ...more };
}

/** The prompt of a conversation's n-th step: system, task, and an answer with its tool result for each step before. */
export const conversation = (name: string, n: number, system = 'system'): string[] =>
  [system, `task ${name}`, ...Array.from({ length: n - 1 }, (_, i) => [`${name} answer ${i + 1}`, `${name} tool ${i + 1}`]).flat()];
