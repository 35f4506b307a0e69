export { type Client, type ClientOptions, ClientError, connect } from './client.ts';
export type { Step } from './step.ts';
export type { ChatMessage, Tool, ToolCall } from '../../schemas/chat.ts';
export type { Accepted, Deferred, Delta, Failed, Reply, Result } from '../../schemas/reply.ts';
export type { Refused } from '../../schemas/refused.ts';
