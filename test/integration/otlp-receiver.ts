import { createServer } from 'node:http';
import { gunzipSync } from 'node:zlib';
import protobuf from 'protobufjs';

/** What a trace receiver reads of OTLP 1.x: the messages and field numbers that are looked at here; unknown fields are skipped by protobuf. */
const { root } = protobuf.parse(`syntax = "proto3";
  message TracesData { repeated ResourceSpans resource_spans = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; string schema_url = 3; }
  message Resource { repeated KeyValue attributes = 1; }
  message ScopeSpans { Scope scope = 1; repeated Span spans = 2; string schema_url = 3; }
  message Scope { string name = 1; string version = 2; }
  message Span {
    bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; string name = 5; int32 kind = 6;
    fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9; repeated Event events = 11; repeated Link links = 13; Status status = 15; fixed32 flags = 16;
  }
  message Event { fixed64 time_unix_nano = 1; string name = 2; repeated KeyValue attributes = 3; }
  message Link { bytes trace_id = 1; bytes span_id = 2; repeated KeyValue attributes = 4; }
  message Status { string message = 2; int32 code = 3; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; ArrayValue array_value = 5; } }
  message ArrayValue { repeated AnyValue values = 1; }
  message MetricsData { repeated ResourceMetrics resource_metrics = 1; }
  message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; }
  message ScopeMetrics { Scope scope = 1; repeated Metric metrics = 2; }
  message Metric { string name = 1; string description = 2; string unit = 3; Gauge gauge = 5; Sum sum = 7; Histogram histogram = 9; }
  message Gauge { repeated NumberPoint data_points = 1; }
  message Sum { repeated NumberPoint data_points = 1; int32 aggregation_temporality = 2; bool is_monotonic = 3; }
  message Histogram { repeated HistogramPoint data_points = 1; int32 aggregation_temporality = 2; }
  message NumberPoint { repeated KeyValue attributes = 7; fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; double as_double = 4; sfixed64 as_int = 6; }
  message HistogramPoint { repeated KeyValue attributes = 9; fixed64 count = 4; double sum = 5; repeated fixed64 bucket_counts = 6; repeated double explicit_bounds = 7; }
`);

export type Value = string | number | boolean | readonly Value[];
export type Attributes = Readonly<Record<string, Value>>;
export interface ReceivedSpan {
  readonly traceId: string; readonly spanId: string; readonly parentSpanId: string; readonly name: string; readonly kind: number;
  readonly startNs: bigint; readonly endNs: bigint; readonly attributes: Attributes; readonly status: { readonly code: number; readonly message: string };
  readonly links: readonly { readonly traceId: string; readonly spanId: string; readonly attributes: Attributes }[];
  readonly events: readonly { readonly name: string; readonly atNs: bigint; readonly attributes: Attributes }[];
  readonly resource: Attributes; readonly scope: string; readonly schemaUrl: string;
}
export interface ReceivedMetric { readonly name: string; readonly unit: string; readonly kind: 'gauge' | 'sum' | 'histogram'; readonly points: readonly { readonly attributes: Attributes; readonly value: number }[]; readonly resource: Attributes }

export interface OtlpReceiver {
  readonly url: string;
  /** In the order they arrived. */
  readonly spans: ReceivedSpan[];
  readonly metrics: ReceivedMetric[];
  readonly requests: { readonly path: string; readonly headers: NodeJS.Dict<string | string[]> }[];
  /** What it answers from now on; null: nothing at all. */
  answerWith(status: number | null): void;
  close(): Promise<void>;
}

/** A receiver of real OTLP/HTTP with protobuf bodies on a free port. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [], metrics: ReceivedMetric[] = [], requests: OtlpReceiver['requests'] = [];
  let status: number | null = 200;
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      requests.push({ path: request.url ?? '', headers: request.headers });
      if (status === null) return;
      if (request.headers['content-type'] !== 'application/x-protobuf') { response.writeHead(415).end(); return; }
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(Buffer.concat(parts)) : Buffer.concat(parts);
      if (status === 200 && request.url === '/v1/traces') spans.push(...spansOf(body));
      if (status === 200 && request.url === '/v1/metrics') metrics.push(...metricsOf(body));
      response.writeHead(status, { 'content-type': 'application/x-protobuf' }).end();
    });
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`, spans, metrics, requests,
    answerWith: (answer) => { status = answer; },
    close: () => new Promise((resolve) => { server.close(() => resolve()); server.closeAllConnections(); }),
  };
}

// biome-ignore lint/suspicious/noExplicitAny: decoded by reflection; every field is given its type right here.
const decode = (type: string, body: Uint8Array): any => root.lookupType(type).toObject(root.lookupType(type).decode(body), { longs: String, defaults: true, arrays: true, oneofs: true });

function spansOf(body: Uint8Array): ReceivedSpan[] {
  const found: ReceivedSpan[] = [];
  for (const { resource, scopeSpans } of decode('TracesData', body).resourceSpans) {
    for (const { scope, spans, schemaUrl } of scopeSpans) {
      for (const span of spans) {
        found.push({
          traceId: hex(span.traceId), spanId: hex(span.spanId), parentSpanId: hex(span.parentSpanId), name: span.name, kind: span.kind,
          startNs: BigInt(span.startTimeUnixNano), endNs: BigInt(span.endTimeUnixNano), attributes: attributesOf(span.attributes),
          status: { code: span.status?.code ?? 0, message: span.status?.message ?? '' },
          links: span.links.map((link: { traceId: Uint8Array; spanId: Uint8Array; attributes: Pair[] }) => ({ traceId: hex(link.traceId), spanId: hex(link.spanId), attributes: attributesOf(link.attributes) })),
          events: span.events.map((event: { timeUnixNano: string; name: string; attributes: Pair[] }) => ({ name: event.name, atNs: BigInt(event.timeUnixNano), attributes: attributesOf(event.attributes) })),
          resource: attributesOf(resource.attributes), scope: scope.name, schemaUrl,
        });
      }
    }
  }
  return found;
}

function metricsOf(body: Uint8Array): ReceivedMetric[] {
  const found: ReceivedMetric[] = [];
  for (const { resource, scopeMetrics } of decode('MetricsData', body).resourceMetrics) {
    for (const { metrics } of scopeMetrics) {
      for (const metric of metrics) {
        const kind = metric.histogram ? 'histogram' : metric.sum ? 'sum' : 'gauge';
        const points = metric[kind].dataPoints.map((point: { attributes: Pair[]; count?: string; asDouble: number }) => ({ attributes: attributesOf(point.attributes), value: kind === 'histogram' ? Number(point.count) : point.asDouble }));
        found.push({ name: metric.name, unit: metric.unit, kind, points, resource: attributesOf(resource.attributes) });
      }
    }
  }
  return found;
}

interface Pair { readonly key: string; readonly value: AnyValue | null }
interface AnyValue { readonly value?: string; readonly stringValue?: string; readonly boolValue?: boolean; readonly intValue?: string; readonly doubleValue?: number; readonly arrayValue?: { readonly values: AnyValue[] } }

const attributesOf = (pairs: readonly Pair[]): Attributes => Object.fromEntries(pairs.map(({ key, value }) => [key, value === null ? '' : anyValue(value)]));

function anyValue(any: AnyValue): Value {
  switch (any.value) {
    case 'stringValue': return any.stringValue ?? '';
    case 'boolValue': return any.boolValue ?? false;
    case 'intValue': return Number(any.intValue);
    case 'doubleValue': return any.doubleValue ?? 0;
    default: return (any.arrayValue?.values ?? []).map(anyValue);
  }
}

const hex = (bytes: Uint8Array | string): string => (typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('hex'));
