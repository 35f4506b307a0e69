import { describe, expect, test } from 'vitest';
import * as codec from './codec.ts';
import { slackwater } from './gen/slackwater.js';
import { goldenBytes, goldenCases } from './golden/golden.ts';
import { beatSample, inboxSamples, orderSamples, outSamples, spliceSample } from './golden/samples.ts';

const { v1 } = slackwater;
const faultOf = (value: { readonly kind: string }): string => (codec.isFault(value) ? value.message : `no fault but ${value.kind}`);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('golden bytes', () => {
  test.each(goldenCases)('$name: today\'s encoder gives the agreed bytes, today\'s decoder reads them', ({ name, message, encode, decode }) => {
    const agreed = goldenBytes(name);
    if (agreed === null) throw new Error(`no golden bytes for ${name}: npm run gen -- --update`);
    expect(hex(encode(message)), 'the wire changed: old bytes in streams would be read otherwise').toBe(hex(agreed));
    expect(decode(agreed)).toStrictEqual(message);
  });

  test.each(goldenCases)('$name: cut short, it is a fault or a message that was whole at the cut', ({ encode, decode, message }) => {
    const bytes = encode(message);
    const cuts = bytes.length < 400 ? bytes.keys() : [0, 1, 2, 5, 100, bytes.length >> 1, bytes.length - 1];
    for (const cut of cuts) expect(decode(bytes.slice(0, cut))).not.toStrictEqual(message);
    expect(faultOf(decode(bytes.slice(0, 0)))).toContain('no bytes');
  });
});

test('a failure that was stored before failures said what they took took nothing, as far as known', () => {
  const stored = Buffer.from('1a500a0a74725f3037516d337839120d74725f3037516d3378392f31321803220277322a0b656e67696e655f6c6f7374321e74686520656e67696e6520656e6465642077697468207369676e616c20393803', 'hex');
  expect(codec.decodeInbox(stored)).toStrictEqual({ ...inboxSamples.stepFailed, acceleratorMs: 0 });
});

describe('bad bytes are faults', () => {
  test('empty oneof', () => {
    const fromTomorrow = Uint8Array.of(0xfa, 0x3e, 0x00); // field 1007, length 0
    expect(faultOf(codec.decodeInbox(fromTomorrow))).toContain('holds nothing known');
  });

  test('a known field with another wire type', () => {
    const bytes = codec.encodeBeat(beatSample);
    expect(bytes[0]).toBe(0x0a); // field 1, length-delimited
    const mistyped = Uint8Array.of(0x08, 0x01, ...bytes);
    expect(faultOf(codec.decodeBeat(mistyped))).toContain('field 1 has wire type 0');
  });

  test('a required field is missing', () => {
    const bytes = v1.InboxEvent.encode({ childStarted: { trace: 'tr_00a' } }).finish();
    expect(faultOf(codec.decodeInbox(bytes))).toContain('ChildStarted.child is missing');
    expect(faultOf(codec.decodeInbox(v1.InboxEvent.encode({ stepEnded: { trace: 't', step: 's', worker: 'w', finish: 1 } }).finish()))).toContain('StepEnded.usage is missing');
  });

  test('an enum value from tomorrow, and none', () => {
    const pin = (tier: number) => v1.Order.encode({ fence: { partition: 1 }, pin: { trace: 't', lane: 'l', tier } }).finish();
    expect(faultOf(codec.decodeOrder(pin(9)))).toContain('PinOrder.tier is 9');
    expect(faultOf(codec.decodeOrder(pin(0)))).toContain('PinOrder.tier is 0');
  });

  test('numbers that are none', () => {
    for (const bad of [NaN, Infinity, -Infinity]) {
      const bytes = v1.Order.encode({ fence: { partition: 1 }, gap: { trace: 't', lane: 'l', keepValue: bad } }).finish();
      expect(faultOf(codec.decodeOrder(bytes))).toContain(`GapOrder.keepValue is ${bad}`);
    }
  });

  test('a sequence number beyond 2^53', () => {
    const bytes = v1.Bill.encode({ partition: 1, epoch: { low: 0, high: 2 ** 21, unsigned: true } }).finish();
    expect(faultOf(codec.decodeBill(bytes))).toContain('Bill.epoch is 9007199254740992');
  });

  test('a token id above 2^31', () => {
    expect(faultOf(codec.decodeSplice(v1.Splice.encode({ tokens: [2 ** 31], count: 1 }).finish()))).toContain('Splice.tokens[0] is 2147483648');
  });

  test('a chain that is no whole number of names', () => {
    const bytes = v1.BlockEvents.encode({ node: 'w1', events: [{ op: 1, tier: 1, chain: new Uint8Array(17) }] }).finish();
    expect(faultOf(codec.decodeBlockEvents(bytes))).toContain('17 bytes');
  });

  test('a prompt whose parts do not add up', () => {
    const { prompt } = inboxSamples.stepAccepted;
    expect(() => codec.encodeInbox({ ...inboxSamples.stepAccepted, prompt: { ...prompt, tokens: prompt.tokens + 1 } })).toThrow(/8323 tokens, but 2 pages and a tail of 130 are 8322/);
  });

  test('a string that is not UTF-8', () => {
    expect(codec.isFault(codec.decodeCheckpoint(Uint8Array.of(0xff, 0xff)))).toBe(true);
    expect(codec.isFault(codec.decodeWho(Uint8Array.of(0x0a, 0x02, 0xc3, 0x28)))).toBe(true);
  });
});

test('fields of a later version are ignored', () => {
  const bytes = new Uint8Array([...codec.encodeSplice(spliceSample), 0xfa, 0x3e, 0x02, 0x01, 0x02]);
  expect(codec.decodeSplice(bytes)).toStrictEqual(spliceSample);
});

test('two members of one oneof: the last counts, as protobuf says', () => {
  const both = new Uint8Array([...codec.encodeOut(outSamples.delta), ...codec.encodeOut(outSamples.failed)]);
  expect(codec.decodeOut(both)).toStrictEqual(outSamples.failed);
});

test('decoded messages keep no view of the bytes they came from', () => {
  const bytes = codec.encodeInbox(inboxSamples.stepEnded);
  const decoded = codec.decodeInbox(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  bytes.fill(0);
  expect(decoded).toStrictEqual(inboxSamples.stepEnded);
});

test('a deleted entry is neither a splice nor a checkpoint, an empty one of each is', () => {
  expect(codec.decodeSplice(codec.encodeSplice({ kind: 'splice', tokens: new Int32Array(0) }))).toStrictEqual({ kind: 'splice', tokens: new Int32Array(0) });
  expect(codec.decodeCheckpoint(codec.encodeCheckpoint({ kind: 'checkpoint', epoch: 0, cursor: 0 }))).toStrictEqual({ kind: 'checkpoint', epoch: 0, cursor: 0 });
});

test('encoding what is no message is a RangeError that names the field', () => {
  expect(() => codec.encodeOrder({ ...orderSamples.cancel, attempt: 1.5 })).toThrow('CancelOrder.attempt is 1.5, not a whole number below 2^32');
  expect(() => codec.encodeOrder({ ...orderSamples.run, priority: NaN })).toThrow('RunOrder.priority is NaN');
  expect(() => codec.encodeBeat({ ...beatSample, node: '' })).toThrow('Beat.node is empty');
});
