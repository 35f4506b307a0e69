export type Environment = Readonly<Record<string, string | undefined>>;

export interface OtlpSettings {
  readonly spans: boolean;
  readonly metrics: boolean;
  readonly spansPerBatch: number;
  readonly spansQueuedMax: number;
  readonly spansDelayMs: number;
  readonly metricsEveryMs: number;
  /** Of one export with its retries. */
  readonly exportMs: number;
}

/**
 * What OpenTelemetry's standard environment variables ask for; null: nothing. Where to and with which headers,
 * certificates and compression the exporters read themselves. A protocol that is not spoken here is told by `onFault`.
 */
export function otlpSettings(env: Environment, onFault: (message: string) => void): OtlpSettings | null {
  if (env['OTEL_SDK_DISABLED']?.trim().toLowerCase() === 'true') return null;
  const isAsked = (signal: 'TRACES' | 'METRICS'): boolean => {
    if (!isSet(env['OTEL_EXPORTER_OTLP_ENDPOINT']) && !isSet(env[`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`])) return false;
    if (isSet(env[`OTEL_${signal}_EXPORTER`]) && !(env[`OTEL_${signal}_EXPORTER`] ?? '').split(',').some((name) => name.trim() === 'otlp')) return false;
    const protocol = env[`OTEL_EXPORTER_OTLP_${signal}_PROTOCOL`] || env['OTEL_EXPORTER_OTLP_PROTOCOL'] || 'http/protobuf';
    if (protocol !== 'http/protobuf') onFault(`OTLP over ${protocol} is not spoken here, only http/protobuf: ${signal.toLowerCase()} are not exported`);
    return protocol === 'http/protobuf';
  };
  const spans = isAsked('TRACES'), metrics = isAsked('METRICS');
  if (!spans && !metrics) return null;
  const spansQueuedMax = positive(env['OTEL_BSP_MAX_QUEUE_SIZE']) ?? 8_192;
  return {
    spans, metrics, spansQueuedMax,
    spansPerBatch: Math.min(positive(env['OTEL_BSP_MAX_EXPORT_BATCH_SIZE']) ?? 512, spansQueuedMax),
    spansDelayMs: positive(env['OTEL_BSP_SCHEDULE_DELAY']) ?? 1_000,
    metricsEveryMs: positive(env['OTEL_METRIC_EXPORT_INTERVAL']) ?? 60_000,
    exportMs: positive(env['OTEL_EXPORTER_OTLP_TIMEOUT']) ?? 5_000,
  };
}

const isSet = (text: string | undefined): boolean => text !== undefined && text.trim() !== '';

function positive(text: string | undefined): number | null {
  const value = Number(text ?? '');
  return Number.isSafeInteger(value) && value > 0 ? value : null;
}
