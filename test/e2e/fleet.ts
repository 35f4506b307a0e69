import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AssertionError } from '../../actors/lib/logic.ts';
import { limits } from '../../actors/lib/limits.ts';
import { type Config, type ConfigInput, loadConfig } from '../../infra/config.ts';
import { startConductor } from '../../infra/main/conductor.ts';
import { startGateway } from '../../infra/main/gateway.ts';
import { startWorker } from '../../infra/main/worker.ts';
import { type NatsServer, startServer } from '../../infra/nats/server.ts';

export type GatewayRole = Awaited<ReturnType<typeof startGateway>>;

export interface Fleet {
  readonly config: Config;
  readonly natsUrl: string;
  readonly conductor: Awaited<ReturnType<typeof startConductor>>;
  /** Dies without a word, and starts again on the same store. */
  killNats(): Promise<void>;
  restartNats(): Promise<void>;
  readonly gateway: GatewayRole;
  readonly worker: Awaited<ReturnType<typeof startWorker>>;
  close(): Promise<void>;
}

/** One conductor, one worker with the real model and one gateway, in this process, on a nats-server of its own. */
export async function startFleet(settings: ConfigInput = {}): Promise<Fleet> {
  const config = loadConfig(null, process.env, {
    log: 'error', ...settings, gateway: { port: 0, ...settings.gateway }, worker: { hbm: '128MiB', dram: '128MiB', ...settings.worker },
  });
  const folder = await mkdtemp(join(tmpdir(), 'slackwater-e2e-'));
  const started = await startServer({ folder });
  if (!started.ok) throw new AssertionError(started.message);
  let server: NatsServer = started.server;
  const { url } = server;
  const [worker, conductor, gateway] = await Promise.all([startWorker(config, url), startConductor(config, url), startGateway(config, url)]);
  await until('the conductor owns every partition', () => conductor.conductor.stats().partitions === limits.partitions);
  return {
    config, natsUrl: url, gateway, worker, conductor,
    killNats: () => server.kill('SIGKILL'),
    restartNats: async () => {
      const again = await server.restart();
      if (!again.ok) throw new AssertionError(again.message);
      server = again.server;
    },
    close: async () => {
      await gateway.close();
      await conductor.close();
      await worker.close();
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function until(what: string, isTrue: () => boolean | Promise<boolean>, deadlineMs = 20_000): Promise<void> {
  for (const endMs = performance.now() + deadlineMs; !(await isTrue());) {
    if (performance.now() > endMs) throw new AssertionError(`not within ${deadlineMs} ms: ${what}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}
