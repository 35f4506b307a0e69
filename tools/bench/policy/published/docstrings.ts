import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../../infra/config.ts';
import type { Finding } from './tables.ts';

const sentence = /here [^\n:]+: (?:reproduced|direction only|not reproduced), see docs\/benchmarks\/policy-published\.md/;

/** What a policy's docstring says was seen. */
export const seenHere = ({ interval, verdict }: Pick<Finding, 'interval' | 'verdict'>): string =>
  `here ${interval === null || !Number.isFinite(interval.mean) ? 'no ratio' : `${interval.mean.toFixed(2)}×`}: ${verdict}, see docs/benchmarks/policy-published.md`;

/** The text with that sentence as it is now. Throws RangeError where there is none. */
export function withSeen(text: string, finding: Pick<Finding, 'interval' | 'verdict'>, name: string): string {
  if (!sentence.test(text)) throw new RangeError(`the docstring of ${name} says nothing of what was seen of its published figure: "${seenHere(finding)}"`);
  return text.replace(sentence, seenHere(finding));
}

export const policyFile = (policy: string): string => join(packageRoot(), 'actors', 'control', 'policies', `${policy}.ts`);

export function writeDocstrings(findings: readonly Finding[]): void {
  for (const finding of findings) {
    const file = policyFile(finding.claim.policy);
    writeFileSync(file, withSeen(readFileSync(file, 'utf8'), finding, finding.claim.policy));
  }
}
