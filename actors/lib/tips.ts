import type { StepAccepted, StepId } from '../../schemas/messages.ts';

/** Where a trace stands: the message-chain hash of an accepted prompt, and its position in the main chain (0: a side call's prompt). */
export interface Tip { readonly chain: string; readonly seq: number }
export interface KnownId { readonly id: string; readonly step: StepId }

export const tipsMax = 16;
export const idsMax = 32;

/** The oldest makes room, but never the main chain's latest: without it the next step would not be recognised. */
export function tipsAfter(tips: readonly Tip[], accepted: Pick<StepAccepted, 'lane' | 'seq' | 'messageChain'>): readonly Tip[] {
  return trimTips([...tips, { chain: accepted.messageChain, seq: accepted.lane === 'main' ? accepted.seq : 0 }]);
}

export function trimTips<T extends Tip>(tips: readonly T[]): readonly T[] {
  if (tips.length <= tipsMax) return tips;
  const latest = tips.findLast((tip) => tip.seq > 0);
  const oldest = tips.findIndex((tip) => tip !== latest);
  return tips.toSpliced(oldest, 1);
}

export const idsAfter = (ids: readonly KnownId[], accepted: Pick<StepAccepted, 'id' | 'step'>): readonly KnownId[] =>
  [...ids.slice(1 - idsMax), { id: accepted.id, step: accepted.step }];
