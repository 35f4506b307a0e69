import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { BatchSpanProcessor, type ReadableSpan } from '@opentelemetry/sdk-trace';
import type { OtlpSettings } from './settings.ts';

export interface SpanTotals { readonly exported: number; readonly failed: number; readonly dropped: number }

/** Spans in batches to an OTLP/HTTP receiver. It never holds up who tells it a span, and a receiver that is away costs spans, nothing else. */
export class SpanExporter {
  readonly #batches: BatchSpanProcessor;
  readonly #queuedMax: number;
  readonly #totals = { told: 0, exported: 0, failed: 0, dropped: 0 };
  #isFailing = false;
  #closed: Promise<void> | null = null;

  constructor(settings: OtlpSettings, onFault: (message: string) => void) {
    const { spansQueuedMax, spansPerBatch, spansDelayMs, exportMs } = settings;
    this.#queuedMax = spansQueuedMax;
    // A flush sends the whole queue at once; below that many exports at a time, some would be refused.
    const concurrencyLimit = Math.ceil(spansQueuedMax / spansPerBatch) + 1;
    const exporter = new OTLPTraceExporter({ concurrencyLimit, timeoutMillis: exportMs });
    this.#batches = new BatchSpanProcessor({
      maxQueueSize: spansQueuedMax, maxExportBatchSize: spansPerBatch, scheduledDelayMillis: spansDelayMs, exportTimeoutMillis: exportMs + 1_000,
      exporter: {
        export: (spans, onDone) => exporter.export(spans, (result) => {
          this.#count(spans.length, result.error?.message ?? (result.code === 0 ? null : 'refused'), onFault);
          onDone(result);
        }),
        forceFlush: () => exporter.forceFlush(),
        shutdown: () => exporter.shutdown(),
      },
    });
  }

  get totals(): SpanTotals { const { exported, failed, dropped } = this.#totals; return { exported, failed, dropped }; }

  tell(span: ReadableSpan): void {
    if (this.#closed !== null) return;
    const { told, exported, failed } = this.#totals;
    // The processor drops silently at the same bound; spans under way count here too, so this one is never later.
    if (told - exported - failed >= this.#queuedMax) { this.#totals.dropped++; return; }
    this.#totals.told++;
    this.#batches.onEnd(span);
  }

  /** Sends what is queued, for at most `deadlineMs`. Never rejects. */
  close(deadlineMs: number): Promise<void> {
    this.#closed ??= within(deadlineMs, this.#batches.shutdown());
    return this.#closed;
  }

  /** One line when exports begin to fail, one when they work again. */
  #count(spans: number, failure: string | null, onFault: (message: string) => void): void {
    this.#totals[failure === null ? 'exported' : 'failed'] += spans;
    if ((failure !== null) === this.#isFailing) return;
    this.#isFailing = failure !== null;
    onFault(failure === null ? 'spans are exported again' : `${spans} spans were not exported and are lost: ${failure}`);
  }
}

function within(deadlineMs: number, work: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, deadlineMs);
    work.catch(() => {}).finally(() => { clearTimeout(timer); resolve(); });
  });
}
