import { createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { WorkerStats } from '../../actors/host/worker-host.ts';
import type { Segment } from '../../actors/trace/types.ts';
import { type Family, familiesOf } from './families.ts';
import { Histogram } from './histogram.ts';
import { RunMeasures, StepMeasures, TraceMeasures } from './measures.ts';
import { openMetricsServer } from './metrics-server.ts';
import { type GatewaySource, conductorMetrics, gatewayMetrics, processMetrics, workerMetrics } from './metrics.ts';
import { type Scraped, parsePrometheus } from '../../test/integration/prometheus-text.ts';
import { prometheusName, prometheusText } from './prometheus.ts';

const stats: WorkerStats = {
  load: {
    model: 'm', weights: 'ab', numerics: 'cpu/avx512', contextLength: 8_192, blockBytes: 1_474_560, device: 'cpu-2core', runsMax: 16, running: 3, waiting: 2, hbmBlocks: 100, hbmGrantable: 10, hbmUsed: 80,
    dramBlocks: 400, dramUsed: 50, prefillTokensPerS: 1_500, decodeTokensPerS: 60, recallBytesPerS: 1e9, backlogTokens: 900,
    counters: { demotedBlocks: 7, recalledBlocks: 5, evictedBlocks: 1, migratedBlocks: 0, promptTokens: 1_000, generatedTokens: 90, iterations: 44, busyMs: 2_500 },
  },
  engine: {
    hbmBlocks: 100, hbmFree: 20, hbmAvailable: 20, dramBlocks: 400, dramFree: 350, waiting: 2, running: 3, demotedBlocks: 7, recalledBlocks: 5, evictedBlocks: 1, promptTokens: 1_000, generatedTokens: 90,
    iterations: 44, busyMs: 2_500, prefillTokensPerS: 1_500, decodeTokensPerS: 60, recallBytesPerS: 1e9,
  },
  runs: { granted: 9, refused: 1, superseded: 0, ended: 4, failed: 1 },
  tier: { demoted: 7, recalled: 5, evicted: 1, moves: 6, movesCancelled: 2, pinsPlaced: 3, pinsRefused: 0, pinsExpired: 0, lanesForgotten: 0, hbmPinned: 12, dramPinned: 4, lanes: 5 },
  pages: { hit: 3, fetched: 2, missing: 0 }, reports: { stored: 4, retried: 0, tooLarge: 0, pending: 1 }, deltas: { published: 20, failed: 0, skipped: 0 }, beats: 100,
};

const ended = (hit: number, recalled: number, computed: number, firstTokenMs: number) => ({
  startMs: 0, endMs: 1, traceparent: null,
  report: {
    kind: 'stepEnded', trace: 't', step: 't/1', attempt: 1, worker: 'w', tokens: new Int32Array(), finish: 'stop', usage: { prompt: hit + recalled + computed, hit, recalled, computed, generated: 10 },
    timing: { queuedMs: 1, recallMs: 0, firstTokenMs, totalMs: 2 * firstTokenMs }, acceleratorMs: 500, logprobs: [], chain: new Uint8Array(),
  } as const,
});

const scrape = (families: readonly Family[]): Scraped => parsePrometheus(prometheusText(families));

describe('metrics: what roles show', () => {
  test('a worker: tokens by source add up to its prompt tokens, and vLLM names say what vLLM means by them', () => {
    const runs = new RunMeasures();
    runs.note(ended(64, 128, 8, 30));
    runs.note(ended(0, 0, 100, 700));
    runs.note({ startMs: 0, endMs: 1, traceparent: null, report: { kind: 'stepFailed', trace: 't', step: 't/1', attempt: 1, worker: 'w', code: 'engine_failed', message: '', retry: 'later', acceleratorMs: 0 } });
    const at = scrape(familiesOf(workerMetrics, { stats, runs, model: 'm' }));
    expect(at.value('slackwater_num_requests_running')).toBe(3);
    expect(at.value('slackwater_num_requests_waiting')).toBe(2);
    expect(at.value('slackwater_kv_cache_usage_perc')).toBe(0.8);
    expect(at.value('slackwater_prompt_tokens_total')).toBe(300);
    expect(at.value('slackwater_generation_tokens_total')).toBe(20);
    expect(at.value('slackwater_prefix_cache_hits_total')).toBe(192);
    expect(at.value('slackwater_prompt_tokens_by_source_total', { source: 'hit' })).toBe(64);
    expect(at.value('slackwater_prompt_tokens_by_source_total', { source: 'recalled' })).toBe(128);
    expect(at.value('slackwater_prompt_tokens_by_source_total', { source: 'computed' })).toBe(108);
    expect(at.value('slackwater_demoted_blocks_total')).toBe(7);
    expect(at.value('slackwater_recalled_blocks_total')).toBe(5);
    expect(at.value('slackwater_evicted_blocks_total')).toBe(1);
    expect(at.value('slackwater_tier_used_blocks', { tier: 'dram' })).toBe(50);
    expect(at.value('slackwater_request_failure_total', { code: 'engine_failed' })).toBe(1);
    expect(at.value('slackwater_time_to_first_token_seconds_bucket', { le: '0.05' })).toBe(1);
    expect(at.value('slackwater_time_to_first_token_seconds_count')).toBe(2);
    expect(at.value('slackwater_accelerator_seconds_total')).toBe(1);
  });

  test('a conductor: decisions and stays in a state as histograms, outcomes as counters', () => {
    const traces = new TraceMeasures();
    traces.noteDecision(0.4);
    traces.noteDecision(30);
    const usage = { prompt: 10, hit: 0, recalled: 4, computed: 6, generated: 2 };
    const segment: Segment = { trace: 't', tenant: 'x', parent: null, model: 'm', index: 0, state: 'resumed', step: 't/1', worker: 'w', startMs: 1_000, endMs: 1_061, usage, tier: null, root: null };
    traces.noteSegment(segment);
    traces.noteSegment({ ...segment, state: 'running', root: { startMs: 0, endMs: 20_000, outcome: 'finished', steps: 3, usage, acceleratorMs: 5 } });
    const at = scrape(familiesOf(conductorMetrics, { stats: { partitions: 64, liveTraces: 2, waitingSteps: 1, workers: [{ name: 'w1' }], directoryNodes: 7 }, traces }));
    expect(at.value('slackwater_partitions')).toBe(64);
    expect(at.value('slackwater_live_traces')).toBe(2);
    expect(at.value('slackwater_waiting_steps')).toBe(1);
    expect(at.value('slackwater_decision_seconds_bucket', { le: '0.0005' })).toBe(1);
    expect(at.value('slackwater_decision_seconds_count')).toBe(2);
    expect(at.value('slackwater_segment_seconds_bucket', { state: 'resumed', le: '0.1' })).toBe(1);
    expect(at.value('slackwater_segment_seconds_bucket', { state: 'resumed', le: '0.05' })).toBe(0);
    expect(at.value('slackwater_traces_done_total', { outcome: 'finished' })).toBe(1);
    expect(at.value('slackwater_trace_prompt_tokens_total', { source: 'recalled' })).toBe(8);
  });

  test('a gateway: tokens lost to re-rendering, by model', () => {
    const source: GatewaySource = { steps: new StepMeasures(), stats: { accepted: 5, refused: 1, deferred: 0, failed: 0, answered: 4, diverged: 0, inFlight: 1, text: [{ model: 'm"\\\n', prompts: 5, spliced: 40, memoised: 10, tokenised: 90, lost: 12, waiting: 0 }] } };
    const at = scrape(familiesOf(gatewayMetrics, source));
    expect(at.value('slackwater_rerendered_tokens_lost_total', { model_name: 'm"\\\n' })).toBe(12);
    expect(at.value('slackwater_steps_total', { result: 'answered' })).toBe(4);
    expect(at.value('slackwater_text_tokens_total', { model_name: 'm"\\\n', how: 'spliced' })).toBe(40);
  });

  test('every role: what it is, and what its process uses', () => {
    const at = scrape(familiesOf(processMetrics, { role: 'worker', name: 'w1', region: 'r', version: '1', spans: { exported: 1, failed: 2, dropped: 3 } }));
    expect(at.value('slackwater_build_info', { role: 'worker', name: 'w1', region: 'r', version: '1' })).toBe(1);
    expect(at.value('process_resident_memory_bytes')).toBeGreaterThan(1e7);
    expect(at.value('process_cpu_seconds_total')).toBeGreaterThan(0);
    expect(at.value('slackwater_spans_total', { result: 'dropped' })).toBe(3);
  });

  test('names are unique, in snake case, and a counter ends in _total and nothing else does', () => {
    for (const table of [workerMetrics, conductorMetrics, gatewayMetrics]) {
      const all = [...table, ...processMetrics] as readonly { readonly name: string; readonly kind: string }[];
      expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
      for (const { name, kind } of all) {
        expect(prometheusName(name)).toMatch(/^[a-z][a-z0-9_]*$/);
        expect(name.endsWith('_total'), name).toBe(kind === 'counter');
      }
    }
  });
});

describe('metrics: histogram', () => {
  test('a value on a bound is counted below it, one above the last in the bucket without a bound', () => {
    const histogram = new Histogram([1, 2]);
    for (const value of [0, 1, 1.5, 2, 99]) histogram.observe(value);
    expect(histogram.read()).toEqual({ labels: {}, bounds: [1, 2], counts: [2, 2, 1], sum: 103.5 });
  });

  test('buckets are cumulative in the text, and its last is the count', () => {
    const at = scrape([{ name: 'x_seconds', help: 'a\nb\\c', unit: 's', kind: 'histogram', samples: [{ labels: { state: 'a' }, bounds: [1, 2], counts: [2, 2, 1], sum: 103.5 }] }]);
    expect(['1', '2', '+Inf'].map((le) => at.value('slackwater_x_seconds_bucket', { state: 'a', le }))).toEqual([2, 4, 5]);
    expect(at.value('slackwater_x_seconds_sum', { state: 'a' })).toBe(103.5);
  });
});

describe('metrics: server', () => {
  const closers: (() => Promise<void>)[] = [];
  afterEach(async () => { for (const close of closers.splice(0)) await close(); });

  test('serves the text on a free port, and says what else it does not serve', async () => {
    const opened = await openMetricsServer('127.0.0.1', 0, () => '# TYPE slackwater_x gauge\nslackwater_x 1\n');
    if (!opened.ok) throw new Error(opened.message);
    closers.push(() => opened.server.close());
    const response = await fetch(opened.server.url);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(parsePrometheus(await response.text()).value('slackwater_x')).toBe(1);
    expect((await fetch(opened.server.url.replace('/metrics', '/'))).status).toBe(404);
    expect((await fetch(opened.server.url, { method: 'POST' })).status).toBe(405);
  });

  test('a port that is taken is told with its number', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => { taken.listen(0, '127.0.0.1', resolve); });
    closers.push(() => new Promise((resolve) => { taken.close(() => resolve()); }));
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    expect(await openMetricsServer('127.0.0.1', port, () => '')).toEqual({ ok: false, message: `/metrics cannot be served on 127.0.0.1:${port}: the port is taken; choose another metricsPort` });
  });
});
