/**
 * The border between bytes and messages: for each subject `encodeX(message)` and `decodeX(bytes)`, which gives the message
 * or a `Fault`, never an exception. Nothing outside this folder sees the generated code. Encoding throws a RangeError on
 * what is no valid message: that is a bug of the sender, and is better found there.
 */
import type * as M from './messages.ts';
import * as body from './bodies.ts';
import { slackwater } from './gen/slackwater.js';
import { border, kinded, union, type Fault } from './wire.ts';

export type { Fault };
export const isFault = (value: { readonly kind: string }): value is Fault => value.kind === 'fault';

const { v1 } = slackwater;

const inbox = border('inbox event', v1.InboxEvent, union<M.InboxEvent>('InboxEvent', {
  stepAccepted: body.stepAccepted, stepEnded: body.stepEnded, stepFailed: body.stepFailed, stepCancelled: body.stepCancelled,
  childStarted: body.childStarted, childEnded: body.childEnded, endAsked: body.endAsked,
}));
export const encodeInbox = inbox.encode;
export const decodeInbox = inbox.decode;

const firstToken = border('first token', v1.FirstToken, kinded<M.FirstToken>('firstToken', body.firstToken));
export const encodeFirstToken = firstToken.encode;
export const decodeFirstToken = firstToken.decode;

const order = border('order', v1.Order, union<M.Order, 'fence'>('Order', {
  run: body.runOrder, cancel: body.cancelOrder, gap: body.gapOrder, pin: body.pinOrder, unpin: body.unpinOrder, drop: body.dropOrder,
}, { fence: body.fence }));
export const encodeOrder = order.encode;
export const decodeOrder = order.decode;

const orderReply = border('order reply', v1.OrderReply, union<M.OrderReply>('OrderReply', { granted: body.orderGranted, refused: body.orderRefused }));
export const encodeOrderReply = orderReply.encode;
export const decodeOrderReply = orderReply.decode;

const beat = border('beat', v1.Beat, kinded<M.Beat>('beat', body.beat));
export const encodeBeat = beat.encode;
export const decodeBeat = beat.decode;

const blockEvents = border('block events', v1.BlockEvents, kinded<M.BlockEvents>('blockEvents', body.blockEvents));
export const encodeBlockEvents = blockEvents.encode;
export const decodeBlockEvents = blockEvents.decode;

const snapshotAsked = border('snapshot asked', v1.SnapshotAsked, kinded<M.SnapshotAsked>('snapshotAsked', body.snapshotAsked));
export const encodeSnapshotAsked = snapshotAsked.encode;
export const decodeSnapshotAsked = snapshotAsked.decode;

const out = border('out', v1.Out, union<M.Out>('Out', { attemptStarted: body.attemptStarted, delta: body.deltaOut, result: body.resultOut, failed: body.failedOut }));
export const encodeOut = out.encode;
export const decodeOut = out.decode;

const who = border('who', v1.Who, kinded<M.Who>('who', body.who));
export const encodeWho = who.encode;
export const decodeWho = who.decode;

const whoReply = border('who reply', v1.WhoReply, kinded<M.WhoReply>('whoReply', body.whoReply));
export const encodeWhoReply = whoReply.encode;
export const decodeWhoReply = whoReply.decode;

const page = border('page', v1.Page, kinded<M.Page>('page', body.page));
export const encodePage = page.encode;
export const decodePage = page.decode;

const splice = border('splice', v1.Splice, kinded<M.Splice>('splice', body.splice));
export const encodeSplice = splice.encode;
export const decodeSplice = splice.decode;

const evt = border('evt', v1.Evt, union<M.Evt>('Evt', { decision: body.decision, transition: body.transitionEvent }));
export const encodeEvt = evt.encode;
export const decodeEvt = evt.decode;

const bill = border('bill', v1.Bill, kinded<M.Bill>('bill', body.bill));
export const encodeBill = bill.encode;
export const decodeBill = bill.decode;

const savedTrace = border('saved trace', v1.SavedTrace, kinded<M.SavedTrace>('savedTrace', body.savedTrace));
export const encodeSavedTrace = savedTrace.encode;
export const decodeSavedTrace = savedTrace.decode;

const checkpoint = border('checkpoint', v1.Checkpoint, kinded<M.Checkpoint>('checkpoint', body.checkpoint));
export const encodeCheckpoint = checkpoint.encode;
export const decodeCheckpoint = checkpoint.decode;
