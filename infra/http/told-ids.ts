import type { IncomingHttpHeaders } from 'node:http';
import { isToken } from '../../schemas/subjects.ts';

type Field = 'id' | 'trace' | 'parent' | 'seq';

/** What harnesses say of a step in headers, and as which field of a step it is read. The first row that is there counts. */
const rows: readonly { readonly header: string; readonly field: Field }[] = [
  { header: 'x-slackwater-trace', field: 'trace' },
  { header: 'x-slackwater-parent', field: 'parent' },
  { header: 'x-slackwater-seq', field: 'seq' },
  { header: 'idempotency-key', field: 'id' },
  // OpenCode 1.18; its title request comes with the same session and another prefix, and is a side call by that.
  { header: 'x-session-id', field: 'trace' },
  { header: 'x-parent-session-id', field: 'parent' },
  { header: 'x-dynamo-session-id', field: 'trace' },
];

/**
 * A request's body with what its headers say laid under the body's own `slackwater` object, which is nearer to the step.
 * What is no object is left to the schema to refuse.
 */
export function withToldIds(body: unknown, headers: IncomingHttpHeaders): unknown {
  if (!isPlain(body)) return body;
  const own = body['slackwater'] ?? {};
  if (!isPlain(own)) return body;
  const told: Record<string, unknown> = {};
  for (const { header, field } of rows) {
    const value = headers[header];
    if (typeof value === 'string' && value !== '' && !(field in told)) told[field] = field === 'seq' && /^\d{1,10}$/.test(value) ? Number(value) : value;
  }
  return Object.keys(told).length === 0 ? body : { ...body, slackwater: { ...told, ...own } };
}

export const tenantHeader = 'x-slackwater-tenant';

/** Null: what the header says can not be a tenant. Without one it is `default`. */
export function findTenant(headers: IncomingHttpHeaders): string | null {
  const given = headers[tenantHeader] ?? 'default';
  return typeof given === 'string' && isToken(given) ? given : null;
}

const isPlain = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
