import { type FastifyError, type FastifyInstance, type FastifyRequest, fastify } from 'fastify';
import { stepLimits } from '../../schemas/harness.ts';
import { modelList } from '../../schemas/openai-answers.ts';
import type { Gateway } from '../gateway/gateway.ts';
import { chatRoute } from './chat-route.ts';
import { refusalOfServer, sendProblem } from './problems.ts';

export interface HttpOptions {
  readonly gateway: Gateway;
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  /** Whether steps can be taken now. */
  isHealthy(): boolean;
  /** Prometheus text. */
  readonly metrics?: () => Promise<string>;
  onError(message: string): void;
}

export interface HttpSide {
  readonly url: string;
  /** Takes no more connections. */
  stop(): void;
  /** Ends what is left: call it when the gateway is closed, and every request has its answer. */
  close(): Promise<void>;
}

export type HttpOpened = { readonly ok: true; readonly side: HttpSide } | { readonly ok: false; readonly message: string };

const lastBytesMs = 1_000;

/** The OpenAI-shaped entrance. A port that cannot be had is a value with one line. */
export async function openHttp(options: HttpOptions): Promise<HttpOpened> {
  const cancels = new Set<Promise<void>>();
  let underWay = 0;
  const app = fastify({ logger: false, bodyLimit: stepLimits.bytesMax, requestTimeout: 60_000, forceCloseConnections: true });
  app.addHook('onRequest', async (_request, reply) => {
    underWay++;
    reply.raw.once('close', () => { underWay--; });
  });
  addRoutes(app, options, (step) => {
    const cancel = options.gateway.cancel(step, 'its harness went away').finally(() => cancels.delete(cancel));
    cancels.add(cancel);
  });
  try {
    await app.listen({ host: options.host, port: options.port });
  } catch (error) {
    await app.close();
    return { ok: false, message: listenFailure(error, options) };
  }
  const address = app.server.address();
  return { ok: true, side: {
    url: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${typeof address === 'object' && address !== null ? address.port : options.port}`,
    stop: () => {
      app.server.close();
      app.server.closeIdleConnections();
    },
    close: async () => {
      for (const endMs = performance.now() + lastBytesMs; underWay > 0 && performance.now() < endMs;) await new Promise((done) => setTimeout(done, 20));
      await app.close();
      await Promise.allSettled(cancels);
    },
  } };
}

function addRoutes(app: FastifyInstance, options: HttpOptions, cancel: (step: string) => void): void {
  const { gateway } = options;
  const startedS = Math.floor(Date.now() / 1000);
  // The border parses: it says where the bytes are wrong.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.post('/v1/chat/completions', (request, reply) => chatRoute(gateway, cancel, request, reply));
  app.get('/v1/models', () => modelList([...gateway.models.keys()], startedS));
  app.get('/healthz', (_request, reply) => {
    const isHealthy = options.isHealthy();
    return reply.code(isHealthy ? 200 : 503).send({ status: isHealthy ? 'ok' : 'no connection to NATS', models: [...gateway.models.keys()] });
  });
  const { metrics } = options;
  if (metrics !== undefined) app.get('/metrics', async (_request, reply) => reply.type('text/plain; version=0.0.4; charset=utf-8').send(await metrics()));
  app.setNotFoundHandler((request, reply) => reply.code(404).send({
    error: { message: `${request.method} ${request.url.slice(0, 200)} is not served here; POST /v1/chat/completions, GET /v1/models, GET /healthz are`, type: 'invalid_request_error', param: null, code: 'unknown_route' },
  }));
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const reason = refusalOfServer(error, stepLimits.bytesMax, contentLength(request), request.headers['content-type'] ?? '');
    if (reason === null) options.onError(`${request.method} ${request.url}: ${error.stack ?? error.message}`);
    return sendProblem(reply, reason ?? { kind: 'failed', step: '', code: 'internal', message: 'a fault inside of the gateway; its log has it', retry: 'never' });
  });
}

function contentLength(request: FastifyRequest): number | null {
  const length = Number(request.headers['content-length'] ?? Number.NaN);
  return Number.isSafeInteger(length) ? length : null;
}

function listenFailure(error: unknown, { host, port }: HttpOptions): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'EADDRINUSE': return `port ${port} of ${host} is taken: choose another (gateway.port), or stop what listens there`;
    case 'EACCES': return `port ${port} of ${host} may not be opened by this user: choose one above 1023 (gateway.port)`;
    case 'EADDRNOTAVAIL': case 'ENOTFOUND': return `${host} is not an address of this machine (gateway.host)`;
    default: return `${host}:${port} cannot be listened on: ${message}`;
  }
}
