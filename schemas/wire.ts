/**
 * How one field, message or union goes to and from what the generated code holds. `codec.ts` is a table of these; their
 * types make a table that misses a field of the union, or names one that the .proto does not have, an error of `tsc`.
 *
 * Encoding asserts (what cannot be encoded is a bug of the sender, a RangeError). Decoding believes nothing: what it
 * refuses becomes a `Fault`. Fields of a later version are ignored, so that a fleet can be renewed node by node.
 */
import protobuf from 'protobufjs/minimal.js';
import type { Reader, Writer } from 'protobufjs/minimal.js';
import { fieldNumbers } from './gen/fields.ts';

export interface Fault { readonly kind: 'fault'; readonly message: string }

export interface Field<T> {
  readonly toWire: (value: T, at: string) => unknown;
  readonly fromWire: (wire: unknown, at: string) => T;
}

/** What the generated code offers of a message. */
interface WireType { encode(message: object, writer?: Writer): Writer; decode(reader: Reader): object }
type MessageName = keyof typeof fieldNumbers;
type Loose = Record<string, unknown>;

export type Shape<T, W> = { readonly [K in keyof T]: K extends keyof W ? Field<T[K]> : never };

export interface Border<T> { readonly encode: (message: T) => Uint8Array; readonly decode: (bytes: Uint8Array) => T | Fault }

/** The only place where bytes are read. `decode` never throws and keeps no view of `bytes`. */
export function border<T>(name: string, type: WireType, field: Field<T>): Border<T> {
  return {
    encode(message) {
      const bytes = type.encode(field.toWire(message, name) as object).finish();
      return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    },
    decode(bytes) {
      try {
        if (bytes.length === 0) return { kind: 'fault', message: `${name}: no bytes` };
        const reader = new protobuf.Reader(bytes);
        reader.discardUnknown = false; // kept only until `refuseMistyped` has looked at them
        return field.fromWire(type.decode(reader), name);
      } catch (error) {
        return { kind: 'fault', message: `${name}: ${error instanceof Error ? error.message : String(error)} (${bytes?.length} bytes)` };
      }
    },
  };
}

/** `check` gives what is wrong with a whole message, or null. */
export function message<T, W>(name: MessageName, shape: Shape<T, W>, check?: (value: T) => string | null): Field<T> {
  const keys = Object.keys(shape);
  const fields = keys.map((key) => (shape as Record<string, Field<unknown>>)[key]!);
  const paths = keys.map((key) => `${name}.${key}`);
  const known: readonly number[] = fieldNumbers[name];
  const kind = name[0]!.toLowerCase() + name.slice(1);
  const refuse = (value: T): void => {
    const wrong = check?.(value) ?? null;
    if (wrong !== null) throw new RangeError(`${name}: ${wrong}`);
  };
  return {
    toWire(value, at) {
      if (typeof value !== 'object' || value === null) throw new RangeError(`${at} is ${String(value)}, not a ${kind}`);
      refuse(value);
      const wire: Loose = {};
      for (let i = 0; i < keys.length; i++) wire[keys[i]!] = fields[i]!.toWire((value as Loose)[keys[i]!], paths[i]!);
      return wire;
    },
    fromWire(wire, at) {
      if (wire === null || wire === undefined) throw new RangeError(`${at} is missing`);
      refuseMistyped(wire as Loose, name, known);
      const value: Loose = {};
      for (let i = 0; i < keys.length; i++) value[keys[i]!] = fields[i]!.fromWire((wire as Loose)[keys[i]!], paths[i]!);
      refuse(value as T);
      return value as T;
    },
  };
}

/** Adds the `kind` that the unions have in TypeScript and that the wire says by the message's place. */
export function kinded<T extends { readonly kind: string }>(kind: T['kind'], body: Field<Omit<T, 'kind'>>): Field<T> {
  return {
    toWire: body.toWire as Field<T>['toWire'],
    fromWire: (wire, at) => ({ kind, ...body.fromWire(wire, at) }) as unknown as T,
  };
}

/** An envelope with a oneof whose members are named like the kinds; `shared` fields stand beside the oneof. */
export function union<T extends { readonly kind: string }, S extends keyof T = never>(
  name: MessageName,
  members: { readonly [K in T['kind']]: Field<Omit<Extract<T, { readonly kind: K }>, 'kind' | S>> },
  shared: { readonly [K in S]: Field<T[K]> } = {} as { readonly [K in S]: Field<T[K]> },
): Field<T> {
  const kinds = Object.keys(members);
  const bodies = members as unknown as Record<string, Field<Loose>>;
  const besides = Object.entries(shared as Record<string, Field<unknown>>);
  const known: readonly number[] = fieldNumbers[name];
  return {
    toWire(value, at) {
      const body = bodies[value?.kind];
      if (body === undefined) throw new RangeError(`${at} of unknown kind ${String(value?.kind)}`);
      const wire: Loose = { [value.kind]: body.toWire(value as unknown as Loose, value.kind) };
      for (const [key, field] of besides) wire[key] = field.toWire((value as unknown as Loose)[key], `${name}.${key}`);
      return wire;
    },
    fromWire(wire, at) {
      refuseMistyped(wire as Loose, name, known);
      const present = kinds.filter((kind) => Object.hasOwn(wire as Loose, kind));
      if (present.length !== 1) throw new RangeError(`${at} holds ${present.length === 0 ? 'nothing known' : present.join(' and ')}, exactly one of ${kinds.join(', ')} was expected`);
      const kind = present[0]!;
      const value: Loose = { kind, ...bodies[kind]!.fromWire((wire as Loose)[kind], kind) };
      for (const [key, field] of besides) value[key] = field.fromWire((wire as Loose)[key], `${name}.${key}`);
      return value as unknown as T;
    },
  };
}

/** A field number that we know among the unknown fields has come with another wire type than ours. */
function refuseMistyped(wire: Loose, name: string, known: readonly number[]): void {
  const unknowns = wire['$unknowns'] as readonly Uint8Array[] | undefined;
  if (unknowns === undefined) return;
  for (const raw of unknowns) {
    const tag = new protobuf.Reader(raw).uint32();
    if (known.includes(tag >>> 3)) throw new RangeError(`${name}: field ${tag >>> 3} has wire type ${tag & 7}`);
  }
}
