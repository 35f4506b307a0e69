import { compared, type JctRun, jctWork, type Told } from './calibrate-jct.ts';
import { signed, whole } from './numbers.ts';
import { spread } from './stats.ts';

/** Live and simulated completion times of both policies, their ratio, and where they differ. */
export function jctPart(all: readonly JctRun[], commit: string): string {
  // A round that was cut short compares nothing.
  const runs = all.filter(({ round }) => compared.every((policy) => all.some((run) => run.round === round && run.policy === policy)));
  if (runs.length === 0) return ['### Completion times of two policies, live and simulated', '', 'Nothing was run live.', ''].join('\n');
  const { tasks, steps, scaleTokens, hbmMib, dramMib, workers } = jctWork, [ours, other] = compared;
  const medians = (of: 'live' | 'simulated', what: 'jctS' | 'servedS'): number => {
    const median = (policy: string): number => spread(runs.filter((run) => run.policy === policy).map((run) => run[of][what])).median;
    return median(other) / median(ours);
  };
  const error = (what: 'jctS' | 'servedS'): string => `${medians('live', what).toFixed(3)} live, ${medians('simulated', what).toFixed(3)} simulated: ${signed(medians('simulated', what) / medians('live', what) - 1)}`;
  const ranges = (of: 'live' | 'simulated'): string => compared.map((policy) => {
    const { median, min, max } = spread(runs.filter((run) => run.policy === policy).map((run) => run[of].jctS));
    return `${policy} ${median.toFixed(1)} (${min.toFixed(1)}–${max.toFixed(1)}) s`;
  }).join(', ');
  const rounds = [...new Set(runs.map(({ round }) => round))];
  const ofRound = (round: number, of: 'live' | 'simulated'): number => {
    const jct = (policy: string): number => runs.find((run) => run.round === round && run.policy === policy)![of].jctS;
    return jct(other) / jct(ours);
  };
  const row = ({ round, policy }: JctRun, name: string, { jctS, servedS, tokens, seconds, busyS }: Told): string =>
    `| ${round}, ${policy}, ${name} | ${jctS.toFixed(1)} | ${servedS.toFixed(1)} | ${whole(tokens.hit)} | ${whole(tokens.recalled)} | ${whole(tokens.computed)} | ${[seconds.queue, seconds.recall, seconds.prefill, seconds.decode, busyS].map((s) => s.toFixed(1)).join(' | ')} |`;
  return [
    '### Completion times of two policies, live and simulated', '',
    `The first ${steps} steps of ${tasks} mini-swe tasks, all at once, tokens × ${scaleTokens}, gaps as recorded; ${workers} workers of one thread, ${hbmMib} MiB of hbm and ${dramMib} MiB of dram each; simulated with commit ${commit}. JCT is the mean of the tasks.`,
    `JCT of ${other} over that of ${ours}, medians of ${rounds.length} rounds: **${error('jctS')}**; by round ${rounds.map((round) => `${ofRound(round, 'live').toFixed(3)} and ${ofRound(round, 'simulated').toFixed(3)}`).join(', ')}. Without the recorded gaps ${error('servedS')}.`,
    `JCT live: ${ranges('live')}; simulated: ${ranges('simulated')}.`,
    `A step's way through the fleet and back took ${runs.map(({ outsideMsP50 }) => `${outsideMsP50} ms`).join(', ')} in the median of each run, with its wait for a place.`, '',
    '| round | JCT s | without gaps | hit | recalled | computed | queue s | recall s | prefill s | decode s | engines busy s |', '|---|---|---|---|---|---|---|---|---|---|---|',
    ...runs.flatMap((run) => [row(run, 'live', run.live), row(run, 'simulated', run.simulated)]), '',
    ...compared.map((policy) => {
      const of = (pick: (run: JctRun) => number): string => runs.filter((run) => run.policy === policy).map((run) => signed(pick(run))).join(', ');
      return `- ${policy}: simulated JCT ${of(({ live, simulated }) => simulated.jctS / live.jctS - 1)}, computed tokens ${of(({ live, simulated }) => simulated.tokens.computed / live.tokens.computed - 1)}, busy ${of(({ live, simulated }) => simulated.busyS / live.busyS - 1)}.`;
    }), '',
  ].join('\n');
}
