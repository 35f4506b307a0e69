export { type Client, type ClientOptions, ClientError, type Step, connect } from './client.ts';
export type { Accepted, Deferred, Delta, Failed, Reply, Result } from '../../schemas/reply.ts';
export type { Refused } from '../../schemas/refused.ts';
