import { hash } from 'node:crypto';
import type { Clock, Ports, Subscription, Task } from '../../actors/lib/ports.ts';
import { isRefused, refused } from '../../schemas/refused.ts';
import { type Reply, encodeReply } from '../../schemas/reply.ts';
import { isToken, stepSubject } from '../../schemas/subjects.ts';
import { type StepRequest, parseStep, stepLimits } from '../../schemas/harness.ts';
import { type Gateway, gatewayClosed } from '../gateway/gateway.ts';
import { acceptedOf, deferredOf, deltaOf, failedOf, gatewayStep, refusedOf, resultOf, traceContext } from '../gateway/requests.ts';
import type { Answer } from '../gateway/step.ts';
import { stepConsumer } from '../nats/streams.ts';
import { findReply } from './find-reply.ts';
import { SignOfLife } from './sign-of-life.ts';

export interface EntranceOptions {
  readonly gateway: Gateway;
  readonly ports: Ports;
  /** Steps taken from the queue whose fate is not in the log yet. */
  readonly inFlightMax?: number;
  onFault(message: string): void;
}

export interface Entrance {
  /** Takes no more steps from the queue. */
  stop(): void;
  /** When every step that was taken has its fate: after the gateway is closed. */
  settled(): Promise<void>;
}

const inFlightMax = 64;
/** A gateway that is silent for so long is gone: another one gets the step, under the same id. */
const ackWaitMs = 6_000;
const keepMs = 2_000;
/** Longer than a prompt takes to be tokenised and stored: who holds a step beyond it is stuck. */
const holdMsMax = 45_000;
const deliveriesMax = 5;

/**
 * Steps that harnesses publish to `sw.step.<tenant>`, answered on the subject that a step names in `reply`.
 *
 * A step leaves the queue when it is in the log or can never be; what is deferred goes back and comes again after its
 * delay, until its deadline has passed. So a step that was stored is not lost, whichever gateway dies.
 */
export function openHarnessEntrance(options: EntranceOptions): Entrance {
  const { bus } = options.ports;
  const underWay = new Set<Promise<void>>();
  const subscription: Subscription = bus.consume('step', stepConsumer, { inFlightMax: options.inFlightMax ?? inFlightMax, ackWaitMs }, (task) => {
    const letGo = keepTask(options.ports.clock, task);
    let isHeld = true;
    const settle = (how: () => void): void => {
      letGo();
      if (isHeld) how();
      isHeld = false;
    };
    const held: Task = { ...task, ack: () => settle(task.ack), putBack: (delayMs) => settle(() => task.putBack(delayMs)) };
    const work = answerTask(options, held).catch((error: unknown) => answerFault(options, held, error)).finally(() => { letGo(); underWay.delete(work); });
    underWay.add(work);
  });
  return { stop: () => subscription.stop(), settled: async () => { await Promise.all(underWay); } };
}

/** Tells the queue that somebody is at it, until the returned function is called. */
function keepTask(clock: Clock, task: Task): () => void {
  const endMs = clock.now() + holdMsMax;
  let cancel = (): void => {};
  const again = (): void => {
    cancel = clock.alarm(clock.now() + keepMs, () => {
      if (clock.now() >= endMs) return;
      task.keep();
      again();
    });
  };
  again();
  return () => cancel();
}

async function answerTask(options: EntranceOptions, task: Task): Promise<void> {
  const { gateway, ports } = options;
  const tenant = task.subject.slice(stepSubject('').length);
  const contentType = contentTypeOf(task);
  const request = isToken(tenant) ? parseStep(task.bytes, contentType) : refused('invalid_tenant', `tenant "${tenant.slice(0, 80)}" is not 1 to 64 of A-Z a-z 0-9 _ -`);
  if (isRefused(request)) {
    const reply = findReply(task.bytes, contentType);
    options.onFault(`step on ${task.subject} refused: ${request.message}`);
    if (reply !== null) ports.bus.emit(reply, encodeReply(request));
    task.ack();
    return;
  }
  const send = (reply: Reply): void => { if (request.reply !== null) ports.bus.emit(request.reply, encodeReply(reply)); };
  if (request.end) {
    if (await gateway.end(tenant, request.trace ?? '')) task.ack();
    else task.putBack(1_000);
    return;
  }
  await answerStep(options, task, request, tenant, send);
}

/**
 * A bug here, in the way of this step. It must not take one gateway after the other with it: the step comes again, and
 * the last to try refuses it. Who is told nothing hears silence, and asks another gateway.
 */
function answerFault({ ports, onFault }: EntranceOptions, task: Task, error: unknown): void {
  const message = error instanceof Error ? error.stack ?? error.message : String(error);
  onFault(`step on ${task.subject}, delivery ${task.deliveries} of ${deliveriesMax}: ${message}`);
  if (task.deliveries < deliveriesMax) { task.putBack(1_000); return; }
  const reply = findReply(task.bytes, contentTypeOf(task));
  if (reply !== null) ports.bus.emit(reply, encodeReply(refused('internal', `${deliveriesMax} gateways failed on this step; their logs have the reason`)));
  task.ack();
}

const contentTypeOf = (task: Task): string | null => task.headers['content-type'] ?? task.headers['Content-Type'] ?? null;

async function answerStep({ gateway, ports }: EntranceOptions, task: Task, request: StepRequest, tenant: string, send: (reply: Reply) => void): Promise<void> {
  const waitedMs = ports.clock.now() - task.atMs;
  const { deadline_ms: deadlineMs } = request;
  // A step without a deadline waits for the longest there is: an answer to a question of last week is work for nobody.
  const waitMsMax = deadlineMs ?? stepLimits.deadlineMsMax;
  if (waitedMs >= waitMsMax) {
    send(refused('deadline', `the step waited ${waitedMs} ms for the fleet; its deadline is ${waitMsMax} ms`, { limit: waitMsMax, got: waitedMs }));
    task.ack();
    return;
  }
  // Without an id it still has to be the same step when it is delivered again.
  const id = request.id ?? `queue-${hash('sha256', `${task.subject}/${task.seq}/${task.atMs}`, 'hex').slice(0, 24)}`;
  const life = new SignOfLife(ports.clock, send);
  const step = gatewayStep({ ...request, id, deadline_ms: deadlineMs === null ? null : deadlineMs - waitedMs }, tenant, traceContext(task.headers));
  try {
    for await (const answer of gateway.submit(step)) {
      if (answer.kind === 'deferred') task.putBack(answer.retryAfterMs);
      else if (answer.kind === 'accepted' || answer.kind === 'refused') task.ack();
      // Not the step's end: its client hears silence, and asks another gateway.
      if (answer.kind === 'failed' && answer.code === gatewayClosed) return;
      const reply = replyOf(answer);
      life.heard(reply);
      send(reply);
    }
  } finally {
    life.stop();
  }
}

function replyOf(answer: Answer): Reply {
  switch (answer.kind) {
    case 'accepted': return acceptedOf(answer);
    case 'delta': return deltaOf(answer);
    case 'result': return resultOf(answer);
    case 'failed': return failedOf(answer);
    case 'refused': return refusedOf(answer);
    case 'deferred': return deferredOf(answer);
  }
}
