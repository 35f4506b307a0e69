import { join } from 'node:path';
import { WorkerHost, type WorkerStats } from '../../actors/host/worker-host.ts';
import { loadNative } from '../../kernels/native.ts';
import type { Config } from '../config.ts';
import { kvDtype } from '../gateway/model.ts';
import { familiesOf } from '../telemetry/families.ts';
import { RunMeasures } from '../telemetry/measures.ts';
import { workerMetrics } from '../telemetry/metrics.ts';
import { digestModel } from '../text/digest.ts';
import { salt } from '../text/pages.ts';
import { openRoleTelemetry } from './role-telemetry.ts';
import { type BusSide, type Role, newLogger, openBus, processEpoch } from './role.ts';

/** A worker: one engine and its memory tiers. If the engine dies the process dies, and its traces move on. */
export async function startWorker(config: Config, natsUrl: string): Promise<Role & { readonly host: WorkerHost; readonly metricsUrl: string | null }> {
  const { worker, model } = config;
  const log = newLogger(config, worker.name);
  const native = loadNative();
  const weightsDigest = await digestModel(model.path, config.cache);
  const runs = new RunMeasures();
  let stats: (() => WorkerStats) | null = null;
  const shown = await openRoleTelemetry(config, 'worker', worker.metricsPort, () => (stats === null ? [] : familiesOf(workerMetrics, { stats: stats(), runs, model: model.name })), log);
  let bus: BusSide | null = null;
  try {
    const { ports, lost, close: closeBus } = bus = await openBus(config, worker.name, natsUrl, log);
    const host = new WorkerHost({
      ports, region: config.region, node: worker.name, epoch: processEpoch(), model: model.name, weightsDigest, device: worker.device, runsMax: worker.runsMax,
      offload: config.conductor.policy === 'slackwater',
      saltFor: (tenant) => salt(tenant, weightsDigest, '', kvDtype),
      openEngine: (onEvents) => native.open({
        modelPath: model.path, packedFolder: join(config.cache, 'packed'), hbmBytes: worker.hbm, dramBytes: config.conductor.policy === 'slackwater' ? worker.dram : 0, threads: worker.threads,
        backend: worker.backend, isa: worker.isa, runningMax: worker.runsMax, iterationTokensMax: worker.iterationTokensMax,
        weightMode: worker.weightMode, speculation: worker.speculation,
      }, onEvents),
      onSpan: (span) => { runs.note(span); shown.telemetry.onWorkerSpan(span); },
    });
    stats = () => host.stats();
    log.info({ model: model.name, hbm: worker.hbm, dram: worker.dram, threads: worker.threads }, 'worker ready');
    return { name: worker.name, lost, host, metricsUrl: shown.metricsUrl, close: async () => {
      const last = host.stats();
      stats = () => last; // A closed engine says nothing more, but metrics are exported once more at the very end.
      await host.close(10_000);
      await shown.close();
      await closeBus();
    } };
  } catch (error) {
    // An open connection would keep a process alive that has nothing to do: a model that is refused must end it.
    await bus?.close();
    await shown.close();
    throw error;
  }
}
