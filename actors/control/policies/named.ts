import type { Policy } from '../policy.ts';
import { roundRobinLru } from './round-robin-lru.ts';
import { slackwater } from './slackwater.ts';

/** Those that a live fleet can run: none that moves KV between workers, which live ones can not do yet. */
export const policyNames = ['slackwater', 'round-robin-lru'] as const;
export type PolicyName = (typeof policyNames)[number];

export interface PolicySettings { readonly name: PolicyName; readonly demoteAfterMs: number }

export const policyNamed = ({ name, demoteAfterMs }: PolicySettings): Policy => (name === 'slackwater' ? slackwater({ demoteAfterMs }) : roundRobinLru());
