import { existsSync } from 'node:fs';
import { readPool } from '../pool.ts';
import type { Recordings } from './job.ts';
import { models } from './hardware.ts';

/** All of them, both halves: nothing is tuned here. One file at a time, so that a set-up gets what it names. */
export async function readRecordings(files: { readonly weka: string; readonly miniSwe: string }): Promise<Recordings> {
  const read = async (file: string, contextMax: number) => (existsSync(file) ? (await readPool([file], { contextMax, stepsMax: Number.POSITIVE_INFINITY })).tasks : null);
  const weka = await read(files.weka, models['Qwen2.5-7B'].contextLength), miniSwe = await read(files.miniSwe, models['GLM-4.6-FP8'].contextLength);
  return { ...(weka === null ? {} : { weka }), ...(miniSwe === null ? {} : { 'mini-swe': miniSwe }) };
}
