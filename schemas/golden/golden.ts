/** The bytes that were once agreed on, one file per message kind: what is stored or on its way must stay readable. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as codec from '../codec.ts';
import * as samples from './samples.ts';

export interface GoldenCase {
  readonly name: string;
  readonly message: { readonly kind: string };
  readonly encode: (message: { readonly kind: string }) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => { readonly kind: string };
}

function cases<T extends { readonly kind: string }>(border: string, encode: (message: T) => Uint8Array, decode: (bytes: Uint8Array) => T | codec.Fault, messages: readonly T[]): GoldenCase[] {
  return messages.map((message) => ({ name: messages.length > 1 ? `${border}-${message.kind}` : border, message, encode: encode as GoldenCase['encode'], decode }));
}

export const goldenCases: readonly GoldenCase[] = [
  ...cases('inbox', codec.encodeInbox, codec.decodeInbox, Object.values(samples.inboxSamples)),
  ...cases('firstToken', codec.encodeFirstToken, codec.decodeFirstToken, [samples.firstTokenSample]),
  ...cases('order', codec.encodeOrder, codec.decodeOrder, Object.values(samples.orderSamples)),
  ...cases('orderReply', codec.encodeOrderReply, codec.decodeOrderReply, Object.values(samples.orderReplySamples)),
  ...cases('beat', codec.encodeBeat, codec.decodeBeat, [samples.beatSample]),
  ...cases('beat-conductor', codec.encodeBeat, codec.decodeBeat, [samples.conductorBeatSample]),
  ...cases('blockEvents', codec.encodeBlockEvents, codec.decodeBlockEvents, [samples.blockEventsSample]),
  ...cases('snapshotPart', codec.encodeBlockEvents, codec.decodeBlockEvents, [samples.snapshotPartSample]),
  ...cases('snapshotAsked', codec.encodeSnapshotAsked, codec.decodeSnapshotAsked, [samples.snapshotAskedSample]),
  ...cases('out', codec.encodeOut, codec.decodeOut, Object.values(samples.outSamples)),
  ...cases('who', codec.encodeWho, codec.decodeWho, [samples.whoSample]),
  ...cases('whoReply', codec.encodeWhoReply, codec.decodeWhoReply, [samples.whoReplySample]),
  ...cases('page', codec.encodePage, codec.decodePage, [samples.pageSample]),
  ...cases('splice', codec.encodeSplice, codec.decodeSplice, [samples.spliceSample]),
  ...cases('evt', codec.encodeEvt, codec.decodeEvt, Object.values(samples.evtSamples)),
  ...cases('bill', codec.encodeBill, codec.decodeBill, [samples.billSample]),
  ...cases('savedTrace', codec.encodeSavedTrace, codec.decodeSavedTrace, [samples.savedTraceSample]),
  ...cases('checkpoint', codec.encodeCheckpoint, codec.decodeCheckpoint, [samples.checkpointSample]),
];

const fileOf = (name: string): string => fileURLToPath(new URL(`./${name}.json`, import.meta.url));

/** The agreed bytes of a message, or null when none were agreed on yet. */
export function goldenBytes(name: string): Uint8Array | null {
  if (!existsSync(fileOf(name))) return null;
  return new Uint8Array(Buffer.from((JSON.parse(readFileSync(fileOf(name), 'utf8')) as { readonly hex: string }).hex, 'hex'));
}

/** Agrees on today's bytes: for a new kind of message, or knowingly before the first release that wrote the old ones. */
export function update(): void {
  for (const { name, message, encode } of goldenCases) {
    const text = `${JSON.stringify({ hex: Buffer.from(encode(message)).toString('hex') })}\n`;
    if (existsSync(fileOf(name)) && readFileSync(fileOf(name), 'utf8') === text) continue;
    writeFileSync(fileOf(name), text);
    console.log(`wrote schemas/golden/${name}.json`);
  }
}
