/** The process of one role of `slackwater up`: told by its parent what to be, and ends when its parent does. */
import type { FromChild, ToChild } from '../fleet/child.ts';
import { startConductor } from './conductor.ts';
import { exitCodes } from './exit-codes.ts';
import { startGateway } from './gateway.ts';
import { type Role, StartError } from './role.ts';
import { startWorker } from './worker.ts';

/** After it a role that does not end in order is left to the operating system. */
const closeMs = 15_000;
const partitionsMs = 100;

let role: Role | null = null;
let serverPid: number | null = null;
let isClosing = false;

const say = (message: FromChild): Promise<void> => new Promise((resolve) => {
  if (process.connected) process.send?.(message, undefined, undefined, () => resolve());
  else resolve();
});

process.on('message', (message: ToChild) => {
  switch (message.kind) {
    case 'start': void start(message); break;
    case 'server': serverPid = message.pid; break;
    case 'close': void close(false); break;
  }
});
process.once('disconnect', () => void close(true));
// The parent forwards what a terminal says, in its order.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => void close(false));

async function start({ role: what, config, natsUrl }: ToChild & { readonly kind: 'start' }): Promise<void> {
  try {
    switch (what) {
      case 'gateway': {
        const gateway = await startGateway(config, natsUrl);
        role = gateway;
        void gateway.lost.then(lose);
        return await say({ kind: 'ready', url: gateway.url });
      }
      case 'conductor': {
        const { conductor, ...rest } = await startConductor(config, natsUrl);
        role = rest;
        setInterval(() => void say({ kind: 'partitions', owned: conductor.stats().partitions }), partitionsMs).unref();
        break;
      }
      case 'worker': role = await startWorker(config, natsUrl); break;
    }
    void role.lost.then(lose);
    await say({ kind: 'ready', url: null });
  } catch (error) {
    const isExpected = error instanceof Error && ['StartError', 'NativeError', 'TextError'].includes(error.name);
    const message = isExpected ? error.message : error instanceof Error ? error.stack ?? error.message : String(error);
    await say({ kind: 'failed', message, isUnavailable: error instanceof StartError && error.isUnavailable });
    process.exit(1);
  }
}

/** The parent starts it again: without its connection there is nothing to end in order. */
async function lose(message: string): Promise<void> {
  if (isClosing) return;
  await say({ kind: 'failed', message, isUnavailable: true });
  process.exit(exitCodes.unavailable);
}

async function close(isOrphan: boolean): Promise<void> {
  if (isClosing) return;
  isClosing = true;
  setTimeout(() => process.exit(1), closeMs).unref();
  await role?.close();
  if (isOrphan && serverPid !== null) endServer(serverPid);
  process.exit(0);
}

function endServer(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM');
  } catch {
    // A sibling was first.
  }
}
