/** The kinds of fields that messages are made of: each checks on the way out and on the way in. */
import type { Field } from './wire.ts';

const numberOr = (wire: unknown): unknown => (wire !== null && typeof wire === 'object' ? wholeOf(wire as Long) : wire);
interface Long { readonly low: number; readonly high: number }
const wholeOf = (long: Long): number => (long.high >>> 0) * 2 ** 32 + (long.low >>> 0);

function checked<T>(claim: string, isValid: (value: unknown) => boolean, read: (wire: unknown) => unknown = (wire) => wire): Field<T> {
  const fail = (value: unknown, at: string): never => { throw new RangeError(value === undefined || value === null ? `${at} is missing` : `${at} is ${String(value)}, not ${claim}`); };
  return {
    toWire: (value, at) => (isValid(value) ? value : fail(value, at)),
    fromWire(wire, at) {
      const value = read(wire);
      return (isValid(value) ? value : fail(value, at)) as T;
    },
  };
}

const isWhole = (max: number) => (value: unknown): boolean => typeof value === 'number' && value >= 0 && value <= max && Number.isInteger(value);

/** uint32. */
export const count = checked<number>('a whole number below 2^32', isWhole(2 ** 32 - 1));
/** uint64 on the wire, a number here. */
export const whole = checked<number>('a whole number below 2^53', isWhole(Number.MAX_SAFE_INTEGER), numberOr);
/** double. */
export const real = checked<number>('a finite number', Number.isFinite);
/** double from 0 to 1. */
export const fraction = checked<number>('a number from 0 to 1', (value) => typeof value === 'number' && value >= 0 && value <= 1);
/** double; what was impossible has -Infinity. */
export const logprob = checked<number>('a logarithm of a probability', (value) => typeof value === 'number' && value < Infinity);
/** sint32, -1 or more. */
export const alternatives = checked<number>('-1 or a small whole number', (value) => Number.isInteger(value) && (value as number) >= -1 && (value as number) < 2 ** 31);
export const flag = checked<boolean>('a boolean', (value) => typeof value === 'boolean');

/** Any string. Half a surrogate pair has no UTF-8: it goes out as U+FFFD. */
export const text: Field<string> = {
  toWire(value, at) {
    if (typeof value !== 'string') throw new RangeError(`${at} is ${String(value)}, not a string`);
    return value.isWellFormed() ? value : value.toWellFormed();
  },
  fromWire: (wire) => wire as string,
};

/** A string that is never empty: ids, names, codes. */
export const name: Field<string> = {
  toWire(value, at) {
    if (value === '') throw new RangeError(`${at} is empty`);
    return text.toWire(value, at);
  },
  fromWire(wire, at) {
    if (wire === '') throw new RangeError(`${at} is missing`);
    return wire as string;
  },
};

/** `null` here, absent there. */
export function maybe<T>(field: Field<T>): Field<T | null> {
  return {
    toWire: (value, at) => (value === null ? undefined : field.toWire(value, at)),
    fromWire: (wire, at) => (wire === null || wire === undefined ? null : field.fromWire(wire, at)),
  };
}

export function list<T>(field: Field<T>): Field<readonly T[]> {
  return {
    toWire(value, at) {
      if (!Array.isArray(value)) throw new RangeError(`${at} is not a list`);
      return value.length === 0 ? undefined : value.map((item) => field.toWire(item, at));
    },
    fromWire: (wire, at) => (wire as unknown[]).map((item) => field.fromWire(item, at)),
  };
}

/** All 64 bits. */
export const bits64: Field<bigint> = {
  toWire(value, at) {
    if (typeof value !== 'bigint' || BigInt.asUintN(64, value) !== value) throw new RangeError(`${at} is ${String(value)}, not a bigint from 0 to 2^64 - 1`);
    return { low: Number(value & 0xffff_ffffn), high: Number(value >> 32n), unsigned: true };
  },
  fromWire: (wire) => (BigInt((wire as Long).high >>> 0) << 32n) | BigInt((wire as Long).low >>> 0),
};

/** Token ids: packed uint32 there, Int32Array here. */
export const tokens: Field<Int32Array> = {
  toWire(value, at) {
    if (!(value instanceof Int32Array)) throw new RangeError(`${at} is no Int32Array`);
    for (let i = 0; i < value.length; i++) if (value[i]! < 0) throw new RangeError(`${at}[${i}] is ${value[i]}, not a token id`);
    return value;
  },
  fromWire(wire, at) {
    const ids = Int32Array.from(wire as number[]);
    for (let i = 0; i < ids.length; i++) if (ids[i]! < 0) throw new RangeError(`${at}[${i}] is ${(wire as number[])[i]}, not a token id`);
    return ids;
  },
};

const nameBytes = 16;
/** Packed block names, 16 bytes each; copied, so that a message does not keep the packet alive it came in. */
export const chain: Field<Uint8Array> = {
  toWire(value, at) {
    if (!(value instanceof Uint8Array)) throw new RangeError(`${at} is no Uint8Array`);
    return wholeNames(value, at);
  },
  fromWire: (wire, at) => new Uint8Array(wholeNames(wire as Uint8Array, at)),
};

function wholeNames(bytes: Uint8Array, at: string): Uint8Array {
  if (bytes.length % nameBytes !== 0) throw new RangeError(`${at} has ${bytes.length} bytes, not a multiple of ${nameBytes}`);
  return bytes;
}

/** A string union here, an enum there. 0, and what a later version may add, is refused. */
export function choice<T extends string>(numbers: { readonly [K in T]: number }): Field<T> {
  const names: string[] = [];
  for (const key of Object.keys(numbers) as T[]) names[numbers[key]] = key;
  return {
    toWire(value, at) {
      if (!Object.hasOwn(numbers, value)) throw new RangeError(`${at} is ${String(value)}, not one of ${Object.keys(numbers).join(', ')}`);
      return numbers[value];
    },
    fromWire(wire, at) {
      const value = names[wire as number];
      if (value === undefined) throw new RangeError(`${at} is ${String(wire)}, none of the ${Object.keys(numbers).length} values known`);
      return value as T;
    },
  };
}
