import { ValueType } from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import type { Resource } from '@opentelemetry/resources';
import { AggregationTemporality, DataPointType, type MetricData, type ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { Distribution, Family } from './families.ts';
import { prometheusName } from './prometheus.ts';
import type { OtlpSettings } from './settings.ts';

/** The same families that `/metrics` shows, to an OTLP/HTTP receiver at every interval and once more at the end. */
export class MetricExporter {
  readonly #exporter: OTLPMetricExporter;
  readonly #resource: Resource;
  readonly #families: () => readonly Family[];
  readonly #onFault: (message: string) => void;
  readonly #timer: NodeJS.Timeout;
  readonly #startedAtMs = Date.now();
  #isFailing = false;

  constructor(settings: OtlpSettings, resource: Resource, families: () => readonly Family[], onFault: (message: string) => void) {
    this.#exporter = new OTLPMetricExporter({ timeoutMillis: Math.min(settings.exportMs, settings.metricsEveryMs), concurrencyLimit: 2 });
    this.#resource = resource;
    this.#families = families;
    this.#onFault = onFault;
    this.#timer = setInterval(() => void this.#export(), settings.metricsEveryMs).unref();
  }

  /** Never rejects. */
  async close(deadlineMs: number): Promise<void> {
    clearInterval(this.#timer);
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([
      this.#export().then(() => this.#exporter.shutdown()).catch(() => {}),
      new Promise<void>((resolve) => { timer = setTimeout(resolve, deadlineMs); }),
    ]);
    clearTimeout(timer);
  }

  #export(): Promise<void> {
    const metrics = dataOf(this.#families(), this.#startedAtMs, Date.now());
    const data: ResourceMetrics = { resource: this.#resource, scopeMetrics: [{ scope: { name: 'slackwater' }, metrics }] };
    return new Promise((resolve) => {
      this.#exporter.export(data, (result) => {
        const isFailed = result.error !== undefined || result.code !== 0;
        if (isFailed !== this.#isFailing) this.#onFault(isFailed ? `metrics were not exported: ${result.error?.message ?? 'refused'}` : 'metrics are exported again');
        this.#isFailing = isFailed;
        resolve();
      });
    });
  }
}

function dataOf(families: readonly Family[], startedAtMs: number, nowMs: number): MetricData[] {
  const times = { startTime: timeOf(startedAtMs), endTime: timeOf(nowMs) };
  return families.filter(({ samples }) => samples.length > 0).map((family): MetricData => {
    // `_total` is how Prometheus marks a counter; OTLP says it by type.
    const name = prometheusName(family.name).replace(/_total$/, '').replace(/^slackwater_/, 'slackwater.');
    const base = { descriptor: { name, description: family.help, unit: family.unit, valueType: ValueType.DOUBLE }, aggregationTemporality: AggregationTemporality.CUMULATIVE };
    if (family.kind === 'histogram') return { ...base, dataPointType: DataPointType.HISTOGRAM, dataPoints: family.samples.map((sample) => ({ ...times, attributes: sample.labels, value: histogramOf(sample) })) };
    const dataPoints = family.samples.map(({ labels, value }) => ({ ...times, attributes: labels, value }));
    return family.kind === 'counter' ? { ...base, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints } : { ...base, dataPointType: DataPointType.GAUGE, dataPoints };
  });
}

const histogramOf = ({ bounds, counts, sum }: Distribution) => ({ buckets: { boundaries: [...bounds], counts: [...counts] }, sum, count: counts.reduce((total, count) => total + count, 0) });

const timeOf = (ms: number): [number, number] => [Math.floor(ms / 1_000), Math.round((ms % 1_000) * 1e6)];
