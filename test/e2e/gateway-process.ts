/** A gateway as a process of its own, to be killed: its argument is the NATS to use. Prints its URL when it is ready. */
import { loadConfig } from '../../infra/config.ts';
import { startGateway } from '../../infra/main/gateway.ts';

const gateway = await startGateway(loadConfig(null, process.env, { log: 'error', gateway: { name: 'gateway-child', port: 0 } }), process.argv[2] ?? '');
process.stdout.write(`${gateway.url}\n`);
