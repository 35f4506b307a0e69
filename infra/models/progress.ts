import { sizeText } from './choose.ts';

/** What is said of a download while it runs. */
export interface Progress {
  say(line: string): void;
  begin(what: string, bytes: number): void;
  /** `bytes` of this file are there. */
  file(path: string, bytes: number): void;
  end(): void;
}

/** Where progress is written: stderr. */
export interface Terminal { readonly isTTY?: boolean; write(text: string): unknown }

const redrawMs = 200;

/** A line that moves on a terminal; elsewhere one line as it begins and one as it ends. */
export function progressOn(terminal: Terminal, nowMs: () => number = () => performance.now()): Progress {
  const isMoving = terminal.isTTY === true;
  const have = new Map<string, number>();
  let what = '', total = 0, startedMs = 0, drawnMs = Number.NEGATIVE_INFINITY, before: number | null = null;
  const sum = (): number => [...have.values()].reduce((all, bytes) => all + bytes, 0);
  const clear = (): void => { if (isMoving && drawnMs > Number.NEGATIVE_INFINITY) terminal.write('\r\x1b[K'); };
  return {
    say(line) { clear(); terminal.write(`${line}\n`); },
    begin(name, bytes) { [what, total, startedMs] = [name, bytes, nowMs()]; if (!isMoving) terminal.write(`downloading ${what} (${sizeText(total)})\n`); },
    file(path, bytes) {
      have.set(path, bytes);
      before ??= sum(); // From an earlier start: no part of the speed.
      const atMs = nowMs();
      if (!isMoving || atMs - drawnMs < redrawMs) return;
      drawnMs = atMs;
      const done = sum(), perS = Math.max(0, done - before) / Math.max(1e-3, (atMs - startedMs) / 1000);
      const leftS = perS > 0 ? Math.ceil((total - done) / perS) : null;
      terminal.write(`\r\x1b[K${what}  ${((100 * done) / Math.max(1, total)).toFixed(0)}% of ${sizeText(total)}, ${sizeText(perS)}/s${leftS === null ? '' : `, ${leftS} s left`}`);
    },
    end() {
      clear();
      if (what !== '' && sum() === total) terminal.write(`downloaded ${what}: ${sizeText(total)} in ${((nowMs() - startedMs) / 1000).toFixed(1)} s\n`);
      what = '';
    },
  };
}
