import type { ChatMessage, Tool } from '../../schemas/chat.ts';

/** A step as in the contracts; where its answer goes is the client's business. */
export interface Step {
  /** Same id, same answer, for as long as the fleet knows it; minted when absent. */
  readonly id?: string;
  /** Without `trace` and `seq` the fleet infers them. */
  readonly trace?: string | null;
  readonly parent?: string | null;
  /** Counted from 1. */
  readonly seq?: number | null;
  readonly model: string;
  /** The whole history, or */
  readonly messages?: readonly ChatMessage[] | null;
  /** only what is new since step `seq - 1` of `trace`. */
  readonly append?: readonly ChatMessage[] | null;
  readonly tools?: readonly Tool[];
  readonly sampling?: {
    readonly max_tokens?: number;
    readonly temperature?: number;
    readonly top_p?: number;
    readonly top_k?: number;
    readonly seed?: number;
    readonly stop?: readonly string[];
  };
  readonly class?: 'interactive' | 'agent' | 'background';
  /** From its submission to its answer. */
  readonly deadline_ms?: number | null;
}
