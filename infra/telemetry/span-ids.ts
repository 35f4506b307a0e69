import { hash } from 'node:crypto';

/** Where a span stands: 32 and 16 lower-case hex digits, as in W3C Trace Context. */
export interface SpanPlace { readonly traceId: string; readonly spanId: string }

/**
 * Ids are hashes of what they name, so that a root's id is known before anything was emitted, to every process, and a
 * segment that is told again after a takeover is the same span again. Each trace is an OpenTelemetry trace of its own:
 * a child's is linked to its parent's root.
 */
export const rootOf = (trace: string): SpanPlace => ({ traceId: traceIdOf(trace), spanId: spanIdOf(`${trace}#root`) });
export const segmentOf = (trace: string, index: number): SpanPlace => ({ traceId: traceIdOf(trace), spanId: spanIdOf(`${trace}#segment/${index}`) });
/** One try of a step on a worker. */
export const attemptOf = (traceId: string, step: string, attempt: number, worker: string): SpanPlace => ({ traceId, spanId: spanIdOf(`${step}#attempt/${attempt}/${worker}`) });

/** One submission to a gateway, in the harness's own OpenTelemetry trace when it named one. */
export const submissionOf = (traceId: string, step: string, gateway: string, startMs: number): SpanPlace => ({ traceId, spanId: spanIdOf(`${step}#submission/${gateway}/${startMs}`) });

const traceIdOf = (trace: string): string => hash('sha256', `slackwater-trace ${trace}`, 'hex').slice(0, 32);
const spanIdOf = (what: string): string => hash('sha256', `slackwater-span ${what}`, 'hex').slice(0, 16);

export const traceparentOf = ({ traceId, spanId }: SpanPlace, isSampled: boolean): string => `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;

/** Null for what is not a traceparent of version 00, or names nothing (all zeros). */
export function parseTraceparent(text: string | null): (SpanPlace & { readonly isSampled: boolean }) | null {
  const [, traceId = '', spanId = '', flags = ''] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(text ?? '') ?? [];
  if (traceId === '' || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return null;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}
