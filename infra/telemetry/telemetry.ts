import type { WorkerSpan } from '../../actors/host/worker-host.ts';
import type { Headers } from '../../actors/lib/ports.ts';
import { type Prices, costUsd } from '../../actors/lib/cost.ts';
import type { Segment } from '../../actors/trace/types.ts';
import type { Decision } from '../../schemas/messages.ts';
import type { StepTold } from '../gateway/step.ts';
import { DecisionMemory } from './decision-memory.ts';
import type { Family } from './families.ts';
import { otlpSettings } from './settings.ts';
import { rootOf, traceparentOf } from './span-ids.ts';

export interface TelemetryOptions {
  readonly role: 'gateway' | 'conductor' | 'worker';
  readonly name: string;
  readonly region: string;
  readonly version: string;
  readonly model: string;
  readonly prices: Prices;
  /** What `/metrics` shows, exported over OTLP as well. */
  families?(): readonly Family[];
  onFault(message: string): void;
}

/** What a role shows over OTLP. Without an endpoint in the environment nothing is loaded, kept or sent. */
export interface Telemetry {
  readonly isExporting: boolean;
  /** `traceparent` of a trace's root, which is known from the start and emitted last. */
  headersOf(trace: string): Headers;
  /** Becomes an event of the segment it was made in. */
  onDecided(decision: Decision): void;
  onSegment(segment: Segment): void;
  onWorkerSpan(span: WorkerSpan): void;
  onStep(told: StepTold): void;
  readonly totals: { readonly exported: number; readonly failed: number; readonly dropped: number };
  /** Sends what is left, for at most `closeMs`. */
  close(): Promise<void>;
}

export const closeMs = 3_000;

/** Settings are OpenTelemetry's standard variables in the environment of this process. */
export async function openTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const settings = otlpSettings(process.env, options.onFault);
  if (settings === null) return silent;
  const [{ SpanExporter }, { spanOfRun, spanOfSubmission, spansOfSegment }, { resourceOf }] = await Promise.all([import('./span-exporter.ts'), import('./spans.ts'), import('./resource.ts')]);
  const resource = resourceOf(options);
  const of = { resource, version: options.version, costUsd: (acceleratorMs: number) => costUsd(acceleratorMs, 0, options.prices) };
  const spans = settings.spans ? new SpanExporter(settings, options.onFault) : null;
  const metrics = settings.metrics && options.families !== undefined ? new (await import('./metric-exporter.ts')).MetricExporter(settings, resource, options.families, options.onFault) : null;
  const decisions = new DecisionMemory();
  return {
    isExporting: spans !== null,
    headersOf: (trace) => headersOf(trace, spans !== null),
    onDecided: (decision) => { if (spans !== null) decisions.keep(decision); },
    onSegment: (segment) => { if (spans !== null) for (const span of spansOfSegment(segment, decisions.take(segment.trace), of)) spans.tell(span); },
    onWorkerSpan: (run) => {
      const span = spans === null ? null : spanOfRun(run, options.model, of);
      if (span !== null) spans?.tell(span);
    },
    onStep: (told) => {
      const span = spans === null ? null : spanOfSubmission(told, options.name, of);
      if (span !== null) spans?.tell(span);
    },
    get totals() { return spans?.totals ?? none; },
    close: async () => { await Promise.all([spans?.close(closeMs), metrics?.close(closeMs)]); },
  };
}

const none = { exported: 0, failed: 0, dropped: 0 };

const silent: Telemetry = { isExporting: false, headersOf: (trace) => headersOf(trace, false), onDecided: () => {}, onSegment: () => {}, onWorkerSpan: () => {}, onStep: () => {}, totals: none, close: async () => {} };

/** Hashing is a few microseconds, and a trace's headers are asked for with every order. */
function headersOf(trace: string, isSampled: boolean): Headers {
  return { traceparent: traceparentOf(rootOf(trace), isSampled) };
}
