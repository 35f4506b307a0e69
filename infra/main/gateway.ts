import type { Config } from '../config.ts';
import { Gateway } from '../gateway/gateway.ts';
import { type GatewayModel, openModel } from '../gateway/model.ts';
import { openHarnessEntrance } from '../harness/entrance.ts';
import { type HttpSide, openHttp } from '../http/server.ts';
import { familiesOf } from '../telemetry/families.ts';
import { StepMeasures } from '../telemetry/measures.ts';
import { gatewayMetrics } from '../telemetry/metrics.ts';
import { TextError } from '../text/text-error.ts';
import { openRoleTelemetry } from './role-telemetry.ts';
import { type Role, StartError, newLogger, openBus } from './role.ts';

/** How long what is under way may take when the gateway is asked to end. */
const drainMs = 5_000;

/** A gateway: text in by HTTP and from the steps that harnesses publish, text out. Throws StartError with one line. */
export async function startGateway(config: Config, natsUrl: string): Promise<Role & { readonly url: string; readonly gateway: Gateway }> {
  const { gateway: settings } = config;
  const log = newLogger(config, settings.name);
  const model = await openText(config);
  const closers: (() => Promise<void>)[] = [() => model.pool.close()];
  const close = async (): Promise<void> => { for (const end of closers.splice(0).reverse()) await end(); };
  try {
    const steps = new StepMeasures();
    let running: Gateway | null = null;
    const shown = await openRoleTelemetry(config, 'gateway', null, () => (running === null ? [] : familiesOf(gatewayMetrics, { stats: running.stats(), steps })), log);
    closers.push(() => shown.close());
    const bus = await openBus(config, settings.name, natsUrl, log);
    closers.push(() => bus.close());
    const gateway = running = new Gateway({
      region: config.region, ports: bus.ports, models: new Map([[model.name, model]]), stepsMax: settings.stepsMax,
      prices: { acceleratorUsdPerHour: config.prices.accelerator, dramGibUsdPerHour: config.prices.dramGib },
      onStep: (told) => { steps.note(told); shown.telemetry.onStep(told); },
    });
    const http = await listen(config, gateway, () => bus.connection.isUp(), (message) => log.error(message), async () => shown.metrics());
    const entrance = openHarnessEntrance({ gateway, ports: bus.ports, onFault: (message) => log.warn(message) });
    closers.push(async () => {
      entrance.stop();
      http.stop();
      await gateway.close(drainMs);
      await entrance.settled();
      await http.close();
    });
    log.info({ url: http.url, model: model.name }, 'gateway ready');
    return { name: settings.name, lost: bus.lost, url: http.url, gateway, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openText({ model, cache }: Config): Promise<GatewayModel> {
  try {
    return await openModel(model.name, model.path, cache);
  } catch (error) {
    throw error instanceof TextError ? new StartError(error.message) : error;
  }
}

async function listen(config: Config, gateway: Gateway, isHealthy: () => boolean, onError: (message: string) => void, metrics: () => Promise<string>): Promise<HttpSide> {
  const opened = await openHttp({ gateway, host: config.gateway.host, port: config.gateway.port, isHealthy, onError, metrics });
  if (!opened.ok) throw new StartError(opened.message);
  return opened.side;
}
