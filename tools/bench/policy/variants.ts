import type { Policy } from '../../../actors/control/policy.ts';
import { type PolicyEntry, policies } from '../../../actors/control/policies/all.ts';

type Wrap = (policy: Policy, plain: Policy) => Policy;

/** `slackwater` with one mechanism taken away, or one that it does not have: what each is worth. What stands in its place is what `round-robin-lru` does, or first come, first served. */
const without: Readonly<Record<string, Wrap>> = {
  'slackwater, first come first served': (policy) => ({ ...policy, order: ({ acceptedAtMs }) => acceptedAtMs }),
  'slackwater, placed in turn': (policy, plain) => ({ ...policy, place: plain.place }),
  'slackwater, least recently used goes': (policy, plain) => ({ ...policy, retain: plain.retain }),
  'slackwater, never recalls ahead': (policy) => ({ ...policy, retain: (ask, view, nowMs) => ({ ...policy.retain(ask, view, nowMs), recallAfterMs: null }) }),
  'slackwater, never demotes': (policy) => ({ ...policy, retain: (ask, view, nowMs) => ({ ...policy.retain(ask, view, nowMs), demoteAfterMs: null, recallAfterMs: null }) }),
  'slackwater, no pins': (policy) => ({ ...policy, pin: () => ({ tier: 'dram', why: 'pins are off' }) }),
  'slackwater, evicted blocks fall': (policy) => ({ ...policy, spills: true }),
};

const variants: Readonly<Record<string, PolicyEntry>> = Object.fromEntries(Object.entries(without).map(([name, wrap]) => [name, {
  tunables: policies.slackwater.tunables,
  make: (given, future) => ({ ...wrap(policies.slackwater.make(given, future), policies['round-robin-lru'].make({}, future)), name }),
} satisfies PolicyEntry]));

export const variantNames = Object.keys(variants);
export const policyNames = Object.keys(policies) as readonly string[];

/** A policy or a variant. Throws RangeError for a name that is neither. */
export function entryOf(name: string): PolicyEntry {
  const entry: PolicyEntry | undefined = Object.hasOwn(policies, name) ? policies[name as keyof typeof policies] : variants[name];
  if (entry === undefined) throw new RangeError(`no policy is called ${name}; there are ${policyNames.join(', ')}`);
  return entry;
}
