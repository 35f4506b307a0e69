import { createServer } from 'node:http';
import { prometheusType } from './prometheus.ts';

export interface MetricsServer { readonly url: string; close(): Promise<void> }
export type MetricsOpened = { readonly ok: true; readonly server: MetricsServer } | { readonly ok: false; readonly message: string };

/** `GET /metrics`, for roles without a server of their own. `port` 0: a free one. A port that cannot be had is a value with one line. */
export function openMetricsServer(host: string, port: number, text: () => string): Promise<MetricsOpened> {
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (request, response) => {
    const isFound = request.url?.split('?')[0] === '/metrics';
    if (!isFound || (request.method !== 'GET' && request.method !== 'HEAD')) {
      response.writeHead(isFound ? 405 : 404, { 'content-type': 'text/plain; charset=utf-8' }).end('only GET /metrics is served here\n');
      return;
    }
    const body = text();
    response.writeHead(200, { 'content-type': prometheusType, 'content-length': Buffer.byteLength(body) }).end(request.method === 'HEAD' ? undefined : body);
  });
  server.maxConnections = 32;
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => resolve({ ok: false, message: `/metrics cannot be served on ${host}:${port}: ${error.code === 'EADDRINUSE' ? 'the port is taken; choose another metricsPort' : error.message}` }));
    server.listen(port, host, () => {
      const address = server.address();
      const url = `http://${host}:${typeof address === 'object' && address !== null ? address.port : port}/metrics`;
      resolve({ ok: true, server: { url, close: () => new Promise((done) => { server.close(() => done()); server.closeAllConnections(); }) } });
    });
  });
}
