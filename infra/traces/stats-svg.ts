import type { TraceStats } from './stats.ts';
import { count, percent, rangeText } from './stats-table.ts';

const width = 720, left = 210, right = 660, rowHeight = 22;

/** Two bar charts on one sheet: where the idle time is, and what caches would have. Follows the reader's light or dark setting. */
export function statsSvg(stats: TraceStats, title: string): string {
  const { tasks, steps, gaps, reuse } = stats;
  const body: string[] = [];
  let y = 34;
  const text = (x: number, at: number, words: string, kind: string, anchor: 'start' | 'end' = 'start'): void => { body.push(`<text x="${x}" y="${at}" class="${kind}" text-anchor="${anchor}">${escaped(words)}</text>`); };
  const bar = (at: number, height: number, share: number, kind: string): void => { body.push(`<rect x="${left}" y="${at}" width="${(share * (right - left)).toFixed(1)}" height="${height}" rx="2" class="${kind}"/>`); };
  const heading = (words: string, under: string): void => { text(20, y, words, 'heading'); text(20, y + 17, under, 'note'); y += 30; };

  heading(title, `${tasks} tasks, ${steps} steps, ${count(stats.steps_per_task.mean)} a task (p95 ${count(stats.steps_per_task.p95)}); ${count(stats.prompt_per_generated)} prompt tokens for each generated one`);
  y += 18;
  if (gaps.all.count > 0) gapChart();
  heading('Prompt tokens that a cache would have', `of ${count(stats.prompt_tokens)}; ${count(stats.working_set.distinct_tokens)} of them in different blocks`);
  y -= 4;
  const caches = [
    ['remembers everything', reuse.infinite_cache],
    ...reuse.random_routing.map(({ replicas, hit }) => [`random over ${replicas} replicas`, hit]),
    ...reuse.forgetting.map(({ seconds, hit }) => [`forgets after ${seconds} s`, hit]),
  ] as const;
  for (const [name, hit] of caches) {
    text(left - 10, y + 13, String(name), 'label', 'end');
    bar(y + 2, 15, Number(hit), 'hit');
    text(right + 10, y + 14, percent(Number(hit)), 'figure');
    y += rowHeight;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y + 14}" width="${width}" role="img" aria-label="${escaped(title)}">
<style>
  text { font: 12px system-ui, sans-serif; } .heading { font-size: 14px; font-weight: 600; } .note, .figure { font-size: 10.5px; }
${colours({ paper: '#ffffff', heading: '#1c2530', label: '#1c2530', note: '#5c6875', figure: '#5c6875', gaps: '#8fb4d8', idle: '#1f5f99', hit: '#2e8b74' })}
  @media (prefers-color-scheme: dark) {
${colours({ paper: '#12171d', heading: '#e6ebf0', label: '#e6ebf0', note: '#9aa7b4', figure: '#9aa7b4', gaps: '#4a7096', idle: '#7db7ec', hit: '#55bd9f' })}
  }
</style>
<rect width="100%" height="100%" class="paper"/>
${body.join('\n')}
</svg>
`;

  function gapChart(): void {
    heading('Gaps between steps, by length', `${gaps.all.count} gaps; those over 60 s are ${percent(gaps.all.over_60s.share_of_gaps)} of them and hold ${percent(gaps.all.over_60s.share_of_idle)} of the idle time`);
    y += 2;
    bar(y - 7, 8, 0.03, 'gaps');
    text(left + 20, y, 'share of gaps', 'note');
    body.push(`<rect x="${left + 120}" y="${y - 7}" width="13" height="8" rx="2" class="idle"/>`);
    text(left + 140, y, 'share of idle time', 'note');
    y += 12;
    for (const part of stats.idle_by_length) {
      text(left - 10, y + 13, rangeText(part.from_s, part.to_s), 'label', 'end');
      bar(y - 2, 10, part.share_of_gaps, 'gaps');
      bar(y + 9, 10, part.share_of_idle, 'idle');
      text(right + 10, y + 7, percent(part.share_of_gaps), 'figure');
      text(right + 10, y + 18, percent(part.share_of_idle), 'figure');
      y += rowHeight + 6;
    }
    y += 26;
  }
}

/** A rule a class, without variables: not every viewer knows them. */
const colours = (of: Readonly<Record<string, string>>): string => `  ${Object.entries(of).map(([name, colour]) => `.${name} { fill: ${colour}; }`).join(' ')}`;

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
