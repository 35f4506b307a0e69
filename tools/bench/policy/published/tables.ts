import { short } from '../../report.ts';
import { type Interval, ratioInterval } from '../intervals.ts';
import { type Claim, metrics } from './claims.ts';
import type { PublishedOutcome } from './job.ts';
import { setups } from './setups.ts';
import { type Verdict, verdictOf } from './verdict.ts';

type Table = readonly (readonly string[])[];

/** `interval`: of the ratio, seed by seed; null: what the set-up needs is not there. */
export interface Finding { readonly claim: Claim; readonly interval: Interval | null; readonly verdict: Verdict; readonly of: readonly PublishedOutcome[]; readonly over: readonly PublishedOutcome[] }

export function findingOf(claim: Claim, outcomes: readonly PublishedOutcome[]): Finding {
  const all = (policy: string | null): readonly PublishedOutcome[] => outcomes.filter(({ job }) => job.setup === claim.setup && job.policy === policy).toSorted((a, b) => a.job.seed - b.job.seed);
  const of = all(claim.policy), over = all(claim.over);
  if (of.length === 0) return { claim, interval: null, verdict: 'not reproduced', of, over };
  const values = (some: readonly PublishedOutcome[]): number[] => some.map(({ values: { [claim.metric]: value } }) => value);
  const base = claim.over === null ? of.map(() => 1) : values(over);
  const interval = claim.isInverse === true ? ratioInterval(base, values(of)) : ratioInterval(values(of), base);
  return { claim, interval, verdict: verdictOf(interval, claim.claimed), of, over };
}

export function findingTable(findings: readonly Finding[]): Table {
  return [['baseline', 'over', 'metric', 'published', 'here', 'verdict', 'what was seen'], ...findings.map(({ claim, interval, verdict, of, over }) => [
    claim.policy, claim.over ?? 'who knows the gaps', metrics[claim.metric], claimedText(claim), interval === null ? '–' : told(interval), interval === null ? 'not reproduced: the recordings are not there' : verdict, seen(claim, of, over),
  ])];
}

export const sourceTable = (findings: readonly Finding[]): Table => [['baseline', 'what its authors say', 'source'], ...findings.map(({ claim: { policy, says, source } }) => [policy, says, source])];

export function setupTable(findings: readonly Finding[]): Table {
  const ids = [...new Set(findings.map(({ claim }) => claim.setup))];
  return [['set-up', 'baselines', 'as published', 'ours, where nothing was said or found'], ...ids.map((id) => [
    id, findings.filter(({ claim }) => claim.setup === id).map(({ claim }) => claim.policy).join(', '), setups[id].what, setups[id].guessed,
  ])];
}

function claimedText({ claimed: { from, to, isMore } }: Claim): string {
  if (from === null || to === null) return isMore ? 'above 1' : 'below 1';
  return from === to ? `${from.toFixed(2)}×` : `${from.toFixed(2)}–${to.toFixed(2)}×`;
}

const told = ({ mean, high }: Interval): string => (Number.isFinite(mean) ? `${mean.toFixed(2)} ± ${(high - mean).toFixed(2)}×` : 'no ratio');

/** The two values themselves, and what explains them: prompt tokens computed again, and waiting. */
function seen({ metric, over: name }: Claim, of: readonly PublishedOutcome[], over: readonly PublishedOutcome[]): string {
  if (of.length === 0) return '';
  const mean = (some: readonly PublishedOutcome[], pick: (one: PublishedOutcome) => number): number => some.reduce((sum, one) => sum + pick(one), 0) / some.length;
  const one = (some: readonly PublishedOutcome[]): string => `${short(mean(some, ({ values }) => values[metric]))} (again ${(100 * mean(some, ({ recomputedRate }) => recomputedRate)).toFixed(1)}%, queue ${short(mean(some, ({ queueS }) => queueS))} s a step)`;
  return name === null ? one(of) : `${one(of)} against ${one(over)}`;
}
