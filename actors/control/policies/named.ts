import type { Policy } from '../policy.ts';
import { roundRobinLru } from './round-robin-lru.ts';
import { slackwater } from './slackwater.ts';

/** Those that a live fleet can run. */
export const policyNames = ['slackwater', 'round-robin-lru'] as const;
export type PolicyName = (typeof policyNames)[number];

export interface PolicySettings { readonly name: PolicyName; readonly demoteAfterMs: number }

/** What a policy decides and a live fleet does not do, one sentence each: told once by every conductor that runs it. What is not moved is computed anew. */
export const refusals = ({ name, migrate }: Policy): readonly string[] =>
  migrate === undefined ? [] : [`policy ${name} moves KV between workers, and live workers can not do that yet: a step that goes elsewhere computes its prompt there`];

export const policyNamed = ({ name, demoteAfterMs }: PolicySettings): Policy => (name === 'slackwater' ? slackwater({ demoteAfterMs }) : roundRobinLru());
