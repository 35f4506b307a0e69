import type { StepTimes } from './protocol.ts';
import { promptTokens, type Scenario } from './scenarios.ts';

/** One number of one run. `rate`: larger is better. */
export interface Measure { readonly metric: 'tokens_per_s' | 'tokens_per_cpu_s' | 'wall_s' | 'ready_s' | 'first_token_s'; readonly value: number; readonly unit: 'tok/s' | 'tok/cpu-s' | 's' }

/** The metric that a scenario's goal and ratio are about. */
export const mainMetric = (scenario: Scenario): Measure['metric'] => scenario.phase === 'ready' ? 'ready_s' : scenario.phase === 'wall' ? 'wall_s' : 'tokens_per_s';
export const isRate = (metric: string): boolean => metric.startsWith('tokens_per');

/**
 * What a run's times say, the scenario's own metric first. Throws Error when a subject gave another number of tokens than was asked for:
 * its seconds would be of other work.
 */
export function measuresOf(scenario: Scenario, told: readonly (readonly StepTimes[])[]): readonly Measure[] {
  checkTokens(scenario, told);
  const steps = told.flat();
  const end = Math.max(...steps.map((step) => step.times.at(-1)!));
  if (scenario.phase === 'wall') return [{ metric: 'wall_s', value: end, unit: 's' }];
  const first = Math.max(...told.map((trace) => trace[0]!.times[0]!));
  const cpuFirst = Math.max(...told.map((trace) => trace[0]!.cpuFirstS));
  const rates = (tokens: number, wallS: number, cpuS: number): Measure[] => [
    { metric: 'tokens_per_s', value: tokens / wallS, unit: 'tok/s' },
    ...(cpuS > 0 ? [{ metric: 'tokens_per_cpu_s', value: tokens / cpuS, unit: 'tok/cpu-s' } as const] : []),
  ];
  if (scenario.phase === 'prefill') return rates(promptTokens(scenario), first, cpuFirst);
  const after = steps.flatMap((step) => step.times).filter((time) => time > first).length;
  const cpuEnd = Math.max(...steps.map((step) => step.cpuEndS));
  return [...rates(after, end - first, cpuEnd - cpuFirst), { metric: 'first_token_s', value: first, unit: 's' }];
}

function checkTokens(scenario: Scenario, told: readonly (readonly StepTimes[])[]): void {
  if (told.length !== scenario.traces || told.some((trace) => trace.length !== scenario.steps)) {
    throw new Error(`${told.length} traces of ${told[0]?.length ?? 0} steps answered, ${scenario.traces} of ${scenario.steps} asked for`);
  }
  for (const { times, tokens } of told.flat()) {
    if (times.length !== scenario.generate || tokens.length !== scenario.generate) throw new Error(`${tokens.length} tokens generated, ${scenario.generate} asked for`);
  }
}
