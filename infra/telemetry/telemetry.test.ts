import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type TraceActor, traceLogic } from '../../actors/trace/trace.ts';
import type { Segment, TraceEvent } from '../../actors/trace/types.ts';
import type { Decision } from '../../schemas/messages.ts';
import type { Instant } from '../../actors/lib/logic.ts';
import { limits } from '../../actors/lib/limits.ts';
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../../test/integration/otlp-receiver.ts';
import type { WorkerSpan } from '../../actors/host/worker-host.ts';
import { parseTraceparent, rootOf } from './span-ids.ts';
import { type Telemetry, type TelemetryOptions, closeMs, openTelemetry } from './telemetry.ts';

const parent = 'tr_00parent', child = 'tr_01child';
const startMs = 1_770_000_000_000;
const usage = { prompt: 100, hit: 64, recalled: 0, computed: 36, generated: 10 };
const noUsage = { prompt: 0, hit: 0, recalled: 0, computed: 0, generated: 0 };

let receiver: OtlpReceiver;
let faults: string[] = [];
beforeEach(async () => {
  receiver = await startOtlpReceiver();
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', receiver.url);
  vi.stubEnv('OTEL_BSP_SCHEDULE_DELAY', '20');
  faults = [];
});
afterEach(async () => { vi.unstubAllEnvs(); await receiver.close(); });

function open(role: 'conductor' | 'worker' = 'conductor', more: Partial<TelemetryOptions> = {}): Promise<Telemetry> {
  const said = faults; // What is said after this test's end is not the next one's.
  return openTelemetry({ role, name: 'c1', region: 'r', version: '0.1.0', model: 'm', prices: { acceleratorUsdPerHour: 3.6, dramGibUsdPerHour: 0 }, onFault: (message) => said.push(message), ...more });
}

/** The segments of a trace as its real actor tells them. */
function segmentsOf(trace: string, of: string | null, events: readonly (readonly [number, Partial<TraceEvent> & { kind: string }])[]): Segment[] {
  const logic = traceLogic({ attemptMs: limits.attemptMs, attemptsMax: 3, idleMs: 600_000, sideCallsMax: 4, childrenMax: 8 });
  let state: TraceActor | null = null;
  let logSeq = 0;
  const segments: Segment[] = [];
  for (const [afterMs, event] of events) {
    const told = { trace, tenant: 't', parent: of, model: 'm', lane: 'main', isSeqGiven: true, messageChain: 'h', class: 'agent', deadlineMs: 60_000, logSeq: ++logSeq, worker: 'w1', attempt: 1, ...event };
    const stepped = logic.step(state, told as unknown as TraceEvent, (startMs + afterMs) as Instant);
    state = stepped.state;
    for (const effect of stepped.effects) if (effect.kind === 'segment') segments.push(effect.segment);
  }
  return segments;
}

const accepted = (trace: string, seq: number) => ({ kind: 'stepAccepted', step: `${trace}/${seq}`, id: `${trace}-${seq}`, seq, prompt: { pages: [], tail: new Int32Array(3), tailChain: new Uint8Array(), tokens: 100 }, sampling: { maxTokens: 10 }, identity: { how: 'explicit', confidence: 1 } }) as never;
const placed = (trace: string, seq: number) => ({ kind: 'decided', decided: { what: 'place', step: `${trace}/${seq}`, attempt: 1, worker: 'w1', priority: 1, decision: { kind: 'decision', atMs: 0, trace, step: `${trace}/${seq}`, what: 'place', choice: 'w1', policy: 'p', regime: 'r', why: '', alternatives: [], forecast: null, outcome: null } } }) as never;
const firstToken = (trace: string, seq: number) => ({ kind: 'firstToken', step: `${trace}/${seq}`, attempt: 1, hit: 0, recalled: 0, computed: 100 }) as never;
const ended = (trace: string, seq: number) => ({ kind: 'stepEnded', step: `${trace}/${seq}`, attempt: 1, tokens: new Int32Array(10), finish: 'stop', usage, timing: { queuedMs: 1, recallMs: 0, firstTokenMs: 5, totalMs: 9 }, acceleratorMs: 1_000, logprobs: [], chain: new Uint8Array() }) as never;

/** Three steps: a gap after the first, a fan-out in the gap after the second. */
const threeSteps = segmentsOf(parent, null, [
  [0, accepted(parent, 1)], [1, placed(parent, 1)], [100, ended(parent, 1)],
  [1_100, accepted(parent, 2)], [1_101, placed(parent, 2)], [1_150, firstToken(parent, 2)], [1_200, ended(parent, 2)],
  [1_300, { kind: 'childStarted', child } as never], [2_000, { kind: 'childEnded', child, outcome: 'finished' } as never],
  [2_500, accepted(parent, 3)], [2_501, placed(parent, 3)], [2_525.25, firstToken(parent, 3)], [2_600, ended(parent, 3)],
  [2_700, { kind: 'endAsked', outcome: 'finished', reason: 'over' } as never],
]);
const childSteps = segmentsOf(child, parent, [[1_300, accepted(child, 1)], [1_301, placed(child, 1)], [1_900, ended(child, 1)], [2_000, { kind: 'endAsked', outcome: 'failed', reason: 'x' } as never]]);

function tellAll(telemetry: Telemetry, segments: readonly Segment[]): void {
  for (const segment of segments) telemetry.onSegment(segment);
}

async function exported(tell: (telemetry: Telemetry) => void): Promise<ReceivedSpan[]> {
  const telemetry = await open();
  tell(telemetry);
  await telemetry.close();
  return [...receiver.spans];
}

const ns = (afterMs: number): bigint => BigInt(startMs) * 1_000_000n + BigInt(afterMs * 1_000) * 1_000n;

describe('telemetry: spans of a trace', () => {
  test('three steps with a gap and a fan-out give a span per stay in a state, and the root last', async () => {
    const spans = await exported((telemetry) => tellAll(telemetry, threeSteps));
    expect(spans.map(({ name }) => name)).toEqual(['running', 'tool_gap', 'resumed', 'running', 'tool_gap', 'fan_out', 'tool_gap', 'resumed', 'running', 'tool_gap', 'invoke_agent']);
    expect(spans.map(({ startNs, endNs }) => [startNs, endNs])).toEqual([
      [ns(0), ns(100)], [ns(100), ns(1_100)], [ns(1_100), ns(1_150)], [ns(1_150), ns(1_200)], [ns(1_200), ns(1_300)], [ns(1_300), ns(2_000)],
      [ns(2_000), ns(2_500)], [ns(2_500), ns(2_525.25)], [ns(2_525.25), ns(2_600)], [ns(2_600), ns(2_700)], [ns(0), ns(2_700)],
    ]);
    const root = spans.at(-1)!;
    expect(root).toMatchObject({ parentSpanId: '', links: [], status: { code: 0 }, scope: 'slackwater' });
    for (const span of spans.slice(0, -1)) expect(span).toMatchObject({ traceId: root.traceId, parentSpanId: root.spanId });
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(spans.length);
  });

  test('the root is the one that headers named before anything was emitted', async () => {
    const telemetry = await open();
    const named = parseTraceparent(telemetry.headersOf(parent)['traceparent'] ?? null);
    tellAll(telemetry, threeSteps);
    await telemetry.close();
    const root = receiver.spans.find(({ name }) => name === 'invoke_agent')!;
    expect(named).toEqual({ traceId: root.traceId, spanId: root.spanId, isSampled: true });
  });

  test('a child is a trace of its own, whose root links to the root of its parent', async () => {
    const spans = await exported((telemetry) => tellAll(telemetry, [...childSteps, ...threeSteps]));
    const [ofChild, ofParent] = spans.filter(({ name }) => name === 'invoke_agent') as [ReceivedSpan, ReceivedSpan];
    expect(ofChild.traceId).not.toBe(ofParent.traceId);
    expect(ofChild.links).toEqual([{ traceId: ofParent.traceId, spanId: ofParent.spanId, attributes: { 'slackwater.link': 'parent', 'slackwater.trace': parent } }]);
    expect(ofChild).toMatchObject({ status: { code: 2 }, attributes: { 'slackwater.outcome': 'failed', 'error.type': 'failed', 'slackwater.parent': parent } });
  });

  test('a decision is an event of the segment it was made in, once and with its last word', async () => {
    const decision: Decision = { kind: 'decision', atMs: startMs + 1, trace: parent, step: `${parent}/1`, what: 'place', choice: 'w1', policy: 'p', regime: 'r', why: 'it holds most', alternatives: [{ choice: 'w1', score: 0.4 }, { choice: 'w2', score: 3.9 }], forecast: null, outcome: null };
    const spans = await exported((telemetry) => {
      telemetry.onDecided(decision);
      telemetry.onDecided({ ...decision, trace: child });
      telemetry.onDecided({ ...decision, why: 'it held most', outcome: { firstTokenMs: 5, promisedMs: 6 } });
      tellAll(telemetry, threeSteps);
    });
    expect(spans[0]?.events).toEqual([{ name: 'slackwater.decision', atNs: ns(1), attributes: {
      'slackwater.step': `${parent}/1`, 'slackwater.decision.what': 'place', 'slackwater.decision.choice': 'w1', 'slackwater.decision.policy': 'p', 'slackwater.decision.regime': 'r',
      'slackwater.decision.why': 'it held most', 'slackwater.decision.alternatives': ['w1 0.4', 'w2 3.9'],
    } }]);
    for (const span of spans.slice(1)) expect(span.events).toEqual([]);
  });

  test('a segment told again after a takeover is the same span', async () => {
    const first = await exported((telemetry) => tellAll(telemetry, threeSteps));
    receiver.spans.length = 0;
    expect(await exported((telemetry) => tellAll(telemetry, threeSteps))).toEqual(first);
  });

  test('attributes say tokens by the generative AI conventions and by where they came from', async () => {
    const spans = await exported((telemetry) => tellAll(telemetry, threeSteps));
    expect(spans[0]?.attributes).toEqual({
      'gen_ai.agent.id': parent, 'gen_ai.conversation.id': parent, 'gen_ai.request.model': 'm', 'gen_ai.usage.input_tokens': 100, 'gen_ai.usage.output_tokens': 10, 'gen_ai.usage.cache_read.input_tokens': 64,
      'slackwater.trace': parent, 'slackwater.tenant': 't', 'slackwater.state': 'running', 'slackwater.segment': 0, 'slackwater.step': `${parent}/1`, 'slackwater.worker': 'w1',
      'slackwater.tokens.hit': 64, 'slackwater.tokens.recalled': 0, 'slackwater.tokens.computed': 36,
    });
    expect(spans[1]?.attributes).toMatchObject({ 'slackwater.state': 'tool_gap', 'gen_ai.usage.input_tokens': 0, 'slackwater.tier': 'dram' });
    expect(spans.at(-1)?.attributes).toMatchObject({
      'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.id': parent, 'gen_ai.usage.input_tokens': 300, 'gen_ai.usage.output_tokens': 30, 'slackwater.outcome': 'finished', 'slackwater.steps': 3,
      'slackwater.accelerator_ms': 3_000, 'slackwater.cost_usd': 0.003,
    });
    expect(spans[0]?.resource).toMatchObject({ 'service.name': 'slackwater-conductor', 'service.instance.id': 'r/c1', 'slackwater.region': 'r' });
  });
});

describe('telemetry: spans of a worker', () => {
  const report = { kind: 'stepEnded', trace: parent, step: `${parent}/2`, attempt: 1, worker: 'w1', tokens: new Int32Array(), finish: 'stop', usage, timing: { queuedMs: 2, recallMs: 1, firstTokenMs: 50, totalMs: 90 }, acceleratorMs: 1_000, logprobs: [], chain: new Uint8Array() } as const;
  const run = (more: Partial<WorkerSpan>): WorkerSpan => ({ startMs: startMs + 1_101, endMs: startMs + 1_195, report, traceparent: null, ...more });

  test('a run is a child of the root that its order named', async () => {
    const telemetry = await open('worker');
    telemetry.onWorkerSpan(run({ traceparent: telemetry.headersOf(parent)['traceparent'] ?? null }));
    telemetry.onWorkerSpan(run({ traceparent: telemetry.headersOf(parent)['traceparent'] ?? null, report: { kind: 'stepFailed', trace: parent, step: `${parent}/2`, attempt: 2, worker: 'w1', code: 'engine_failed', message: 'out of blocks', retry: 'elsewhere', acceleratorMs: 0 } }));
    await telemetry.close();
    const [ok, failed] = receiver.spans as [ReceivedSpan, ReceivedSpan];
    expect(ok).toMatchObject({ name: 'chat m', kind: 2, traceId: rootOf(parent).traceId, parentSpanId: rootOf(parent).spanId, startNs: ns(1_101), endNs: ns(1_195), status: { code: 0 } });
    expect(ok.attributes).toMatchObject({ 'gen_ai.operation.name': 'chat', 'gen_ai.response.finish_reasons': ['stop'], 'gen_ai.response.time_to_first_chunk': 0.05, 'slackwater.attempt': 1, 'slackwater.cost_usd': 0.001 });
    expect(failed).toMatchObject({ status: { code: 2, message: 'out of blocks' }, attributes: { 'error.type': 'engine_failed', 'slackwater.attempt': 2 } });
    expect(failed.spanId).not.toBe(ok.spanId);
  });

  test('a run whose root is not sampled, or not named, is no span', async () => {
    const telemetry = await open('worker');
    for (const traceparent of [null, '', 'garbage', `00-${'0'.repeat(32)}-${'1'.repeat(16)}-01`, `00-${'a'.repeat(32)}-${'1'.repeat(16)}-00`]) telemetry.onWorkerSpan(run({ traceparent }));
    await telemetry.close();
    expect(receiver.requests).toEqual([]);
  });
});

describe('telemetry: the receiver and the environment', () => {
  test('without an endpoint nothing is exported, and headers name a root that is not sampled', async () => {
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', '');
    const telemetry = await open();
    expect(telemetry.isExporting).toBe(false);
    tellAll(telemetry, threeSteps);
    await telemetry.close();
    expect(receiver.requests).toEqual([]);
    expect(parseTraceparent(telemetry.headersOf(parent)['traceparent'] ?? null)).toEqual({ ...rootOf(parent), isSampled: false });
  });

  test('OTEL_SDK_DISABLED, another exporter and a protocol that is not spoken each mean nothing is exported', async () => {
    for (const [name, value, said] of [['OTEL_SDK_DISABLED', 'true', []], ['OTEL_TRACES_EXPORTER', 'none', []], ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'grpc', ['OTLP over grpc is not spoken here, only http/protobuf: traces are not exported']]] as const) {
      faults = [];
      vi.stubEnv(name, value);
      expect((await open()).isExporting, name).toBe(false);
      expect(faults).toEqual(said);
      vi.stubEnv(name, undefined);
    }
  });

  test('headers, service name, resource attributes and the endpoint of one signal are taken from the environment', async () => {
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', 'http://127.0.0.1:1');
    vi.stubEnv('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', `${receiver.url}/v1/traces`);
    vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', 'authorization=Bearer%20x');
    vi.stubEnv('OTEL_EXPORTER_OTLP_COMPRESSION', 'gzip');
    vi.stubEnv('OTEL_SERVICE_NAME', 'agents');
    vi.stubEnv('OTEL_RESOURCE_ATTRIBUTES', 'deployment.environment.name=lab');
    const spans = await exported((telemetry) => telemetry.onSegment(threeSteps[0]!));
    expect(spans[0]?.resource).toMatchObject({ 'service.name': 'agents', 'deployment.environment.name': 'lab' });
    expect(receiver.requests[0]).toMatchObject({ path: '/v1/traces', headers: { authorization: 'Bearer x', 'content-encoding': 'gzip', 'content-type': 'application/x-protobuf' } });
  });

  test('a receiver that is away costs the spans: one line says so, and the end does not wait longer than it may', async () => {
    vi.stubEnv('OTEL_EXPORTER_OTLP_TIMEOUT', '500');
    await receiver.close();
    const telemetry = await open();
    tellAll(telemetry, threeSteps);
    const startedAtMs = performance.now();
    await telemetry.close();
    expect(performance.now() - startedAtMs).toBeLessThan(closeMs + 500);
    expect(faults).toEqual([expect.stringMatching(/^11 spans were not exported and are lost: /)]);
    expect(telemetry.totals).toEqual({ exported: 0, failed: 11, dropped: 0 });
  });

  test('a receiver that never answers does not hold up the end', async () => {
    receiver.answerWith(null);
    const telemetry = await open();
    telemetry.onSegment(threeSteps[0]!);
    const startedAtMs = performance.now();
    await telemetry.close();
    expect(performance.now() - startedAtMs).toBeLessThan(closeMs + 500);
  });

  test('a deep queue is sent whole at the end; above its bound spans are dropped and counted', async () => {
    vi.stubEnv('OTEL_BSP_MAX_QUEUE_SIZE', '4000');
    vi.stubEnv('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', '50');
    vi.stubEnv('OTEL_BSP_SCHEDULE_DELAY', '60000');
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    const telemetry = await open();
    for (let index = 0; index < 4_100; index++) telemetry.onSegment({ ...threeSteps[1]!, index, root: null, usage: noUsage });
    await telemetry.close();
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
    expect(telemetry.totals).toEqual({ exported: 4_000, failed: 0, dropped: 100 });
    expect(new Set(receiver.spans.map(({ spanId }) => spanId)).size).toBe(4_000);
  });

  test('metrics go to the same receiver, with the same names in dots', async () => {
    const telemetry = await open('worker', {
      families: () => [
        { name: 'partitions', help: 'h', unit: '1', kind: 'gauge', samples: [{ labels: {}, value: 3 }] },
        { name: 'runs_total', help: 'h', unit: '{run}', kind: 'counter', samples: [{ labels: { result: 'granted' }, value: 7 }] },
        { name: 'decision_seconds', help: 'h', unit: 's', kind: 'histogram', samples: [{ labels: {}, bounds: [1, 2], counts: [1, 0, 4], sum: 9 }] },
      ],
    });
    await telemetry.close();
    expect(receiver.metrics.map(({ name, kind, points }) => [name, kind, points])).toEqual([
      ['slackwater.partitions', 'gauge', [{ attributes: {}, value: 3 }]],
      ['slackwater.runs', 'sum', [{ attributes: { result: 'granted' }, value: 7 }]],
      ['slackwater.decision_seconds', 'histogram', [{ attributes: {}, value: 5 }]],
    ]);
    expect(faults).toEqual([]);
  });
});
