import type { Message } from '../../../actors/lib/ports.ts';
import * as codec from '../../../schemas/codec.ts';
import type { Config } from '../../config.ts';
import { messageJson, printLine, untilStopped, withReader } from './reader.ts';

type Decode = (bytes: Uint8Array) => unknown;

/** What travels on which kind of subject: `sw.v1.<region>.<kind>.…` */
const decoders: Readonly<Record<string, Decode>> = {
  in: codec.decodeInbox, out: codec.decodeOut, beat: codec.decodeBeat, kv: codec.decodeBlockEvents, order: codec.decodeOrder, who: codec.decodeWho,
  evt: codec.decodeEvt, bill: codec.decodeBill, now: codec.decodeFirstToken, snapshot: codec.decodeSnapshotAsked,
};

/** Prints whatever passes on a subject until it is stopped. */
export async function tap(config: Config, subject: string, isJson: boolean): Promise<number> {
  return withReader(config, 'tap', 'nats', async (reader) => {
    reader.ports.bus.listen(subject, (message) => {
      const value = readable(message);
      printLine(isJson ? messageJson({ subject: message.subject, headers: message.headers, message: value }) : `${message.subject}  ${messageJson(value)}`);
    });
    await untilStopped(reader);
    return 0;
  });
}

/** A message as a value: decoded by its subject, else as JSON, else as text, else as its length. */
export function readable({ subject, bytes }: Pick<Message, 'subject' | 'bytes'>): unknown {
  const [root, version, , kind = '', , last = ''] = subject.split('.');
  if (root === 'sw' && version === 'v1') {
    if (kind === 'state') return last === '_checkpoint' ? codec.decodeCheckpoint(bytes) : codec.decodeSavedTrace(bytes);
    if (kind === 'ctx') return last.startsWith('splice-') ? codec.decodeSplice(bytes) : codec.decodePage(bytes);
    const decode = decoders[kind];
    if (decode !== undefined) return decode(bytes);
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    try { return JSON.parse(text); } catch { return text; }
  } catch {
    return `${bytes.length} bytes`;
  }
}
