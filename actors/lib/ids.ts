import { limits } from './limits.ts';
import { assert } from './logic.ts';

const digits = '0123456789abcdefghijklmnopqrstuvwxyz';

/** `tr_` + two digits of partition + hash: the partition of a trace can be read off its id. */
export function traceId(partition: number, hash: string): string {
  assert(partition >= 0 && partition < limits.partitions, `partition ${partition} outside 0..${limits.partitions - 1}`);
  return `tr_${digits[partition >> 4]}${digits[partition & 15]}${hash}`;
}

/** Null for text that is not one of our trace ids. */
export function partitionOf(trace: string): number | null {
  if (!/^tr_[0-3][0-9a-f][A-Za-z0-9_-]{1,59}$/.test(trace)) return null;
  return Number.parseInt(trace.slice(3, 5), 16);
}

/** Stable 32-bit FNV-1a: spreads keys over partitions, never protects anything. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

export const partitionOfKey = (key: string): number => hash32(key) % limits.partitions;

export const mainStep = (trace: string, seq: number): string => `${trace}/${seq}`;
export const sideStep = (trace: string, number: number): string => `${trace}/s${number}`;
export const isSideStep = (step: string): boolean => step[step.indexOf('/') + 1] === 's';
export const traceOf = (step: string): string => step.slice(0, step.indexOf('/'));
