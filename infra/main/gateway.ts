import type { Config } from '../config.ts';
import { Gateway } from '../gateway/gateway.ts';
import { type GatewayModel, openModel } from '../gateway/model.ts';
import { openHarnessEntrance } from '../harness/entrance.ts';
import { type HttpSide, openHttp } from '../http/server.ts';
import { TextError } from '../text/text-error.ts';
import { type Role, StartError, newLogger, openBus } from './role.ts';

export interface GatewayHooks {
  /** Prometheus text for `GET /metrics`. */
  readonly metrics?: () => Promise<string>;
}

/** How long what is under way may take when the gateway is asked to end. */
const drainMs = 5_000;

/** A gateway: text in by HTTP and from the steps that harnesses publish, text out. Throws StartError with one line. */
export async function startGateway(config: Config, natsUrl: string, hooks: GatewayHooks = {}): Promise<Role & { readonly url: string; readonly gateway: Gateway }> {
  const { gateway: settings } = config;
  const log = newLogger(config, settings.name);
  const model = await openText(config);
  const closers: (() => Promise<void>)[] = [() => model.pool.close()];
  const close = async (): Promise<void> => { for (const end of closers.splice(0).reverse()) await end(); };
  try {
    const bus = await openBus(config, settings.name, natsUrl, log);
    closers.push(() => bus.close());
    const gateway = new Gateway({
      region: config.region, ports: bus.ports, models: new Map([[model.name, model]]), stepsMax: settings.stepsMax,
      prices: { acceleratorUsdPerHour: config.prices.accelerator, dramGibUsdPerHour: config.prices.dramGib },
    });
    const http = await listen(config, gateway, () => bus.connection.isUp(), (message) => log.error(message), hooks);
    closers.push(() => http.close(drainMs));
    const entrance = openHarnessEntrance({ gateway, ports: bus.ports, onFault: (message) => log.warn(message) });
    closers.push(() => entrance.close(drainMs));
    log.info({ url: http.url, model: model.name }, 'gateway ready');
    return { name: settings.name, url: http.url, gateway, close };
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

async function listen(config: Config, gateway: Gateway, isHealthy: () => boolean, onError: (message: string) => void, hooks: GatewayHooks): Promise<HttpSide> {
  const opened = await openHttp({ gateway, host: config.gateway.host, port: config.gateway.port, isHealthy, onError, ...(hooks.metrics === undefined ? {} : { metrics: hooks.metrics }) });
  if (!opened.ok) throw new StartError(opened.message);
  return opened.side;
}
