import { nameBytes, namesOf, pageBlocks, pageTokens } from '../../actors/lib/chain.ts';
import type { PreparedPrompt } from '../../actors/host/intake.ts';
import type { Page, StepClass } from '../../schemas/messages.ts';
import { digestOf, extendDigest, simAnswer, simChain } from './engine-names.ts';
import type { Random } from './random.ts';

/** What a harness says, in tokens instead of text: a message is who speaks and what. */
export interface SimMessage { readonly role: 'system' | 'user' | 'assistant' | 'tool'; readonly tokens: readonly number[] }

/** One step as a harness asks for it. The same `id` is the same step, whoever asks again. */
export interface SimStep {
  readonly id: string;
  readonly tenant: string;
  readonly trace: string | null;
  readonly parent: string | null;
  readonly seq: number | null;
  readonly messages: readonly SimMessage[];
  readonly tokens: Int32Array;
  readonly maxTokens: number;
  readonly deadlineMs: number;
  readonly class: StepClass;
  /** The harness made a mistake in `seq`: this may be refused, never answered. */
  readonly isWrong: boolean;
}

export const simModel = 'm';
export const simVocab = 4_000;

export function speak(random: Random, role: SimMessage['role'], tokens: number): SimMessage {
  return { role, tokens: Array.from({ length: tokens }, () => 1 + random.below(simVocab - 1)) };
}

export const tokensOf = (messages: readonly SimMessage[]): Int32Array => Int32Array.from(messages.flatMap((message) => message.tokens));

/** h_1 … h_n of a conversation, of its tenant and model. */
export function chainOf(tenant: string, messages: readonly SimMessage[]): string[] {
  let a = digestOf([...`${tenant}/${simModel}`].map((letter) => letter.charCodeAt(0)));
  let b = a ^ 0x5bd1e995;
  return messages.map(({ role, tokens }) => {
    a = extendDigest(a, role.length * 31 + role.charCodeAt(0));
    for (const token of tokens) { a = extendDigest(a, token); b = extendDigest(b ^ a, token); }
    return `${a.toString(16).padStart(8, '0')}${b.toString(16).padStart(8, '0')}`;
  });
}

/** Chance of a step's sampling: of its tenant and id alone. */
export const seedOf = (step: Pick<SimStep, 'tenant' | 'id'>): bigint => BigInt(digestOf([...`${step.tenant}/${step.id}`].map((letter) => letter.charCodeAt(0))));

export const saltOf = (tenant: string): Uint8Array => Uint8Array.from({ length: 32 }, (_, i) => (tenant.charCodeAt(i % tenant.length) * 7 + i) & 255);

/** What the model says to it, whoever computes it. */
export const expectedOf = (step: SimStep, roomTokens: number) => simAnswer(step.tokens, seedOf(step), Math.min(step.maxTokens, roomTokens), simVocab);

export function promptOf(step: SimStep, contextLength: number): PreparedPrompt {
  const { tokens } = step;
  const chain = simChain(saltOf(step.tenant), tokens);
  const names = namesOf(chain);
  const count = Math.floor(tokens.length / pageTokens);
  const pageNames = Array.from({ length: count }, (_, i) => names[pageBlocks * (i + 1) - 1]!);
  const pages = pageNames.map((_, i): Page => ({
    kind: 'page', parent: pageNames[i - 1] ?? '', tokens: tokens.slice(i * pageTokens, (i + 1) * pageTokens), chain: chain.slice(i * pageBlocks * nameBytes, (i + 1) * pageBlocks * nameBytes),
  }));
  return {
    ref: { pages: pageNames, tail: tokens.slice(count * pageTokens), tailChain: chain.slice(count * pageBlocks * nameBytes), tokens: tokens.length },
    pages, names: pageNames, roomTokens: contextLength - tokens.length,
  };
}
