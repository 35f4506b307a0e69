import { partitionOf } from '../../actors/lib/ids.ts';
import { BusFault, type Ports } from '../../actors/lib/ports.ts';
import { fromSaved } from '../../actors/trace/saved.ts';
import type { ChatMessage } from '../../schemas/chat.ts';
import { decodeInbox, decodeSavedTrace } from '../../schemas/codec.ts';
import type { Subjects } from '../../schemas/subjects.ts';
import type { GatewayModel } from './model.ts';

/**
 * An answer that another gateway passed on comes back to this one: its ids are still in the log, and the trace's state
 * says where. One read per answer that is missing, none when this gateway has them all.
 */
export async function recallSplices(ports: Ports, subjects: Subjects, model: GatewayModel, messages: readonly ChatMessage[], chain: readonly string[], trace: string): Promise<void> {
  const missing = messages.flatMap((message, index) => (message.role === 'assistant' && model.splices.find(chain[index] ?? '') === null ? [index] : []));
  const partition = partitionOf(trace);
  if (missing.length === 0 || partition === null) return;
  try {
    const entry = await ports.bus.getLast('state', subjects.state(partition, trace));
    const record = entry === null ? null : decodeSavedTrace(entry.bytes);
    const saved = record === null || record.kind === 'fault' ? null : fromSaved(record);
    if (saved === null || 'kind' in saved) return;
    const { tips, answers } = saved.actor.context;
    for (const index of missing) {
      const tip = tips.find((known) => known.chain === chain[index - 1]);
      const answer = answers.find((known) => known.step === `${trace}/${tip?.seq}`);
      if (answer === undefined) continue;
      const logged = await ports.bus.get('in', answer.endedSeq);
      const ended = logged === null ? null : decodeInbox(logged.bytes);
      // The text it came back as decides how many of its ids it is.
      if (ended?.kind === 'stepEnded') model.splices.remember(chain[index] ?? '', ended.tokens, messages[index]?.content ?? '');
    }
  } catch (fault) {
    if (!(fault instanceof BusFault)) throw fault; // Then it is tokenised anew: right, and its prefix is computed again.
  }
}
