import type { FastifyReply } from 'fastify';
import { gatewayClosed } from '../gateway/gateway.ts';
import { chatError } from '../../schemas/openai-answers.ts';
import type { ChatRefusal } from '../../schemas/openai.ts';
import { refused, type Refused } from '../../schemas/refused.ts';
import type { Deferred, Failed } from '../../schemas/reply.ts';

type Reason = ChatRefusal | Refused | Deferred | Failed;

/** The fleet's own trouble, not too many steps: for these a load balancer should look elsewhere. */
const troubles: ReadonlySet<string> = new Set(['bus_unavailable', 'tokenizer_died', 'closed', gatewayClosed]);
/** The step and its trace do not fit together: the harness's books differ from ours. */
const conflicts: ReadonlySet<string> = new Set(['seq_gap', 'seq_old', 'step_in_flight', 'side_calls']);

export interface Problem { readonly status: number; readonly retryAfterMs: number | null; readonly body: object }

/** A reason not to answer, in the protocol's shape; `slackwater` has our own code and numbers, which its shape has no place for. */
export function problemOf(reason: Reason): Problem {
  const { retryAfterMs, body, ...shape } = chatError(reason);
  const status = statusOf(reason, shape.status);
  const own: Refused | Deferred | Failed = reason.kind === 'chatRefusal' ? reason.refused : reason;
  const numbers = own.kind === 'refused' && own.limit !== undefined ? { limit: own.limit, got: own.got } : {};
  return {
    status, retryAfterMs,
    body: { error: { ...body.error, type: typeOf(status), slackwater: { code: own.code, ...numbers } } },
  };
}

const typeOf = (status: number): string => (status === 429 ? 'rate_limit_error' : status >= 500 ? 'server_error' : 'invalid_request_error');

function statusOf(reason: Reason, status: number): number {
  if (reason.kind === 'chatRefusal') return status;
  if (conflicts.has(reason.code)) return 409;
  return reason.kind === 'deferred' && troubles.has(reason.code) ? 503 : status;
}

export function sendProblem(reply: FastifyReply, reason: Reason): FastifyReply {
  const { status, retryAfterMs, body } = problemOf(reason);
  if (retryAfterMs !== null) reply.header('retry-after', String(Math.max(1, Math.ceil(retryAfterMs / 1000)))).header('retry-after-ms', String(retryAfterMs));
  return reply.code(status).send(body);
}

/** What the server itself refuses before a route sees it. Null: it is a bug of ours. */
export function refusalOfServer(error: { readonly code?: string; readonly message: string; readonly statusCode?: number }, bytesMax: number, contentLength: number | null, contentType: string): Refused | null {
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return refused('payload_too_large', `${contentLength ?? `more than ${bytesMax}`} bytes; ${bytesMax} may come in one request`, contentLength === null ? null : { limit: bytesMax, got: contentLength });
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return refused('unsupported_content_type', `content-type "${contentType.slice(0, 80)}"; application/json is understood`);
    default:
      return error.statusCode !== undefined && error.statusCode < 500 ? refused('bad_request', error.message) : null;
  }
}
