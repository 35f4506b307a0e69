import type { Bus, Ports } from '../../actors/lib/ports.ts';
import { decodeOrder, decodeOrderReply, isFault } from '../../schemas/codec.ts';
import { check } from './broken.ts';
import type { SimWorld } from './clock.ts';

/** The ports of a worker, with somebody who listens to what it grants: nothing of a replaced owner, no attempt below one it was given before, none that was cancelled before it came. */
export function watchOrders(world: SimWorld, node: string, ports: Ports): Ports {
  const epochs = new Map<number, number>();
  const attempts = new Map<string, number>();
  const cancelled = new Map<string, number>();
  const serve: Bus['serve'] = (subject, handler) => ports.bus.serve(subject, async (message) => {
    const order = subject.includes('.order.') ? decodeOrder(message.bytes) : null;
    if (order === null || isFault(order)) return handler(message);
    const { partition, epoch } = order.fence;
    const highestEpoch = epochs.get(partition) ?? 0;
    epochs.set(partition, Math.max(highestEpoch, epoch));
    const highestAttempt = order.kind === 'run' ? attempts.get(order.step) ?? 0 : 0;
    if (order.kind === 'run' && epoch >= highestEpoch) attempts.set(order.step, Math.max(highestAttempt, order.attempt));
    const isCancelled = order.kind === 'run' && order.attempt > highestAttempt && order.attempt <= (cancelled.get(order.step) ?? 0);
    if (order.kind === 'cancel' && epoch >= highestEpoch) cancelled.set(order.step, Math.max(cancelled.get(order.step) ?? 0, order.attempt));
    const answer = await handler(message);
    const reply = answer === null ? null : decodeOrderReply(answer);
    if (reply === null || reply.kind !== 'granted') return answer;
    try {
      check(epoch >= highestEpoch, 'a replaced owner is refused', `${node} granted ${order.kind} of ${order.trace} to epoch ${epoch} of partition ${partition} after ${highestEpoch}`);
      if (order.kind === 'run') check(order.attempt >= highestAttempt, 'an older attempt is refused', `${node} granted attempt ${order.attempt} of ${order.step} after ${highestAttempt}`);
      check(!isCancelled, 'a cancel that overtakes its run is remembered', `${node} granted ${order.kind === 'run' ? `attempt ${order.attempt} of ${order.step}` : ''} after its cancel`);
    } catch (error) {
      world.fail(error);
    }
    return answer;
  });
  const { bus } = ports;
  return {
    ...ports,
    bus: {
      publish: bus.publish.bind(bus), emit: bus.emit.bind(bus), request: bus.request.bind(bus), serve, listen: bus.listen.bind(bus), readLog: bus.readLog.bind(bus),
      loadLast: bus.loadLast.bind(bus), getLast: bus.getLast.bind(bus), get: bus.get.bind(bus), consume: bus.consume.bind(bus),
    },
  };
}
