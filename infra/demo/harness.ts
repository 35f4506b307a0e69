import type { ChatMessage } from '../../schemas/chat.ts';

/** What came back for one step. `hit + recalled + computed = prompt`, by the fleet's own word; checked in the report. */
export interface Answer {
  readonly text: string;
  readonly trace: string;
  readonly worker: string;
  readonly usage: { readonly prompt: number; readonly hit: number; readonly recalled: number; readonly computed: number; readonly generated: number };
  readonly costUsd: number;
}

/** The seed makes an answer a function of its prompt: another run, another worker, the same words. */
export interface Sampling { readonly maxTokens: number; readonly temperature: number; readonly topP: number; readonly seed: number; readonly stop: readonly string[] }

/** How an agent reaches the fleet. Two ways: chat completions without any ids, and published steps with all of them. */
export interface Harness {
  readonly kind: 'http' | 'nats';
  /** `name` and `parent` are the harness's own; the HTTP one has nowhere to say them. */
  open(name: string, parent: string | null): Line;
  close(): Promise<void>;
}

/** One agent's line to the fleet: a step at a time. */
export interface Line {
  /** Sends the whole history, or what is new of it. `onTrace` hears the fleet's name of the trace as soon as it is known. Throws HarnessError. */
  ask(messages: readonly ChatMessage[], sampling: Sampling, onTrace: (trace: string) => void): Promise<Answer>;
  /** The agent is done; the HTTP one can only stop asking. */
  end(): Promise<void>;
}

export class HarnessError extends Error { override readonly name = 'HarnessError'; }

export const stepDeadlineMs = 300_000;
