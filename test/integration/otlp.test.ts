import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { limits } from '../../actors/lib/limits.ts';
import { AssertionError } from '../../actors/lib/logic.ts';
import { loadConfig } from '../../infra/config.ts';
import { ownTrace } from '../../infra/gateway/gateway.ts';
import type { Answer } from '../../infra/gateway/step.ts';
import { startConductor } from '../../infra/main/conductor.ts';
import { startGateway } from '../../infra/main/gateway.ts';
import { startWorker } from '../../infra/main/worker.ts';
import { startServer } from '../../infra/nats/server.ts';
import type { Usage } from '../../schemas/messages.ts';
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from './otlp-receiver.ts';
import { type Scraped, parsePrometheus } from './prometheus-text.ts';

/** Every role for real on a nats-server of its own, told by the environment where spans go. */
async function startRoles(receiver: OtlpReceiver) {
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', receiver.url);
  vi.stubEnv('OTEL_BSP_SCHEDULE_DELAY', '20');
  const folder = await mkdtemp(join(tmpdir(), 'slackwater-otlp-'));
  const started = await startServer({ folder });
  if (!started.ok) throw new AssertionError(started.message);
  const { url } = started.server;
  const config = loadConfig(null, process.env, { log: 'error', gateway: { port: 0 }, conductor: { metricsPort: 0 }, worker: { metricsPort: 0, hbm: '64MiB', dram: '64MiB' } });
  const [worker, conductor, gateway] = await Promise.all([startWorker(config, url), startConductor(config, url), startGateway(config, url)]);
  await until('the conductor owns every partition and hears the worker', () => conductor.conductor.stats().partitions === limits.partitions && conductor.conductor.stats().workers.length === 1);
  return {
    config, gateway: gateway.gateway,
    metricsUrls: { gateway: `${gateway.url}/metrics`, conductor: conductor.metricsUrl ?? '', worker: worker.metricsUrl ?? '' },
    close: async () => {
      await gateway.close();
      await conductor.close();
      await worker.close();
      await started.server.stop();
      await rm(folder, { recursive: true, force: true });
      vi.unstubAllEnvs();
    },
  };
}

async function until(what: string, isTrue: () => boolean, deadlineMs = 20_000): Promise<void> {
  for (const endMs = performance.now() + deadlineMs; !isTrue();) {
    if (performance.now() > endMs) throw new AssertionError(`not within ${deadlineMs} ms: ${what}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}

describe('telemetry: real agents on the real bus', () => {
  let receiver: OtlpReceiver, roles: Awaited<ReturnType<typeof startRoles>>;
  const tenant = 'default';
  const parent = ownTrace(tenant, 'parent'), child = ownTrace(tenant, 'child');
  const harness = `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`;
  const used: Usage[] = [], usedByParent: Usage[] = [];

  async function step(trace: string, of: string | null, seq: number, turns: number): Promise<void> {
    const messages = Array.from({ length: 2 * turns - 1 }, (_, i) => (i % 2 === 0 ? { role: 'user' as const, content: `Question ${i} of ${trace}: what is ${i} + 2?` } : { role: 'assistant' as const, content: `It is ${i + 2}.` }));
    const answers: Answer[] = [];
    for await (const answer of roles.gateway.submit({
      id: `${trace}-${seq}`, tenant, model: roles.config.model.name, trace, parent: of, seq, messages, append: null, tools: [], maxTokens: 6, temperature: 0, topP: 1, topK: 0, seed: 1n, stop: [], logprobs: -1,
      class: 'agent', deadlineMs: 30_000, headers: of === null ? {} : { traceparent: harness },
    })) answers.push(answer);
    const result = answers.at(-1);
    if (result?.kind !== 'result') throw new AssertionError(`step ${trace}/${seq}: ${JSON.stringify(result)}`);
    used.push(result.usage);
    if (trace === 'parent') usedByParent.push(result.usage);
  }

  const of = (trace: string): ReceivedSpan[] => receiver.spans.filter((span) => span.attributes['slackwater.trace'] === trace);
  const rootOf = (trace: string): ReceivedSpan | undefined => of(trace).find(({ name }) => name === 'invoke_agent');

  beforeAll(async () => {
    receiver = await startOtlpReceiver();
    roles = await startRoles(receiver);
    await step('parent', null, 1, 1);
    await step('parent', null, 2, 2);
    await step('child', 'parent', 1, 1);
    await roles.gateway.end(tenant, 'child');
    await step('parent', null, 3, 3);
    await roles.gateway.end(tenant, 'parent');
    await until('both roots and a span for every run arrived', () => rootOf(parent) !== undefined && rootOf(child) !== undefined && ['chat', 'step'].every((what) => receiver.spans.filter(({ name }) => name.startsWith(what)).length === used.length));
  });
  afterAll(async () => { await roles?.close(); await receiver?.close(); });

  test('the states of a trace follow each other without a hole, under a root that comes last', () => {
    const root = rootOf(parent)!;
    const segments = of(parent).filter((span) => span.attributes['slackwater.state'] !== undefined);
    expect(segments.map(({ attributes }) => attributes['slackwater.segment'])).toEqual(segments.map((_, i) => i));
    for (const [i, segment] of segments.entries()) {
      expect(segment).toMatchObject({ traceId: root.traceId, parentSpanId: root.spanId });
      expect(segment.startNs).toBe(i === 0 ? root.startNs : segments[i - 1]?.endNs);
    }
    expect(segments.at(-1)?.endNs).toBe(root.endNs);
    expect(receiver.spans.indexOf(root)).toBeGreaterThan(receiver.spans.indexOf(segments.at(-1)!));
    expect(segments.map(({ name }) => name)).toEqual(expect.arrayContaining(['running', 'tool_gap', 'fan_out', 'resumed']));
    const decided = segments.flatMap(({ events }) => events.map(({ attributes }) => attributes['slackwater.decision.what']));
    expect(decided).toEqual(expect.arrayContaining(['place', 'pin']));
    expect(root.attributes).toMatchObject({ 'slackwater.outcome': 'finished', 'slackwater.steps': 3, 'gen_ai.usage.input_tokens': sum(usedByParent, 'prompt'), 'gen_ai.usage.output_tokens': sum(usedByParent, 'generated') });
  });

  test('a child has a trace of its own with a link to the root of its parent', () => {
    expect(rootOf(child)?.traceId).not.toBe(rootOf(parent)?.traceId);
    expect(rootOf(child)?.links).toMatchObject([{ traceId: rootOf(parent)?.traceId, spanId: rootOf(parent)?.spanId }]);
  });

  test("the worker's runs hang under the root that the conductor named in its orders", () => {
    for (const [trace, steps] of [[parent, 3], [child, 1]] as const) {
      const runs = of(trace).filter(({ name }) => name === `chat ${roles.config.model.name}`);
      expect(runs.map(({ attributes }) => attributes['slackwater.step'])).toEqual(Array.from({ length: steps }, (_, i) => `${trace}/${i + 1}`));
      for (const run of runs) {
        expect(run).toMatchObject({ traceId: rootOf(trace)?.traceId, parentSpanId: rootOf(trace)?.spanId, resource: { 'service.name': 'slackwater-worker' } });
        expect(run.startNs >= rootOf(trace)!.startNs && run.endNs <= rootOf(trace)!.endNs).toBe(true);
      }
    }
    expect(rootOf(parent)?.resource).toMatchObject({ 'service.name': 'slackwater-conductor' });
  });

  test("a submission stands in the trace its harness named, with a link to the agent's root, or else under that root", () => {
    const submissions = receiver.spans.filter(({ name }) => name === `step ${roles.config.model.name}`);
    expect(submissions.map(({ attributes }) => attributes['slackwater.step'])).toEqual([`${parent}/1`, `${parent}/2`, `${child}/1`, `${parent}/3`]);
    expect(submissions[2]).toMatchObject({ traceId: 'ab'.repeat(16), parentSpanId: 'cd'.repeat(8), links: [{ traceId: rootOf(child)?.traceId, spanId: rootOf(child)?.spanId }], resource: { 'service.name': 'slackwater-gateway' } });
    for (const submission of submissions.toSpliced(2, 1)) expect(submission).toMatchObject({ traceId: rootOf(parent)?.traceId, parentSpanId: rootOf(parent)?.spanId, links: [] });
    for (const [i, { attributes }] of submissions.entries()) expect(attributes).toMatchObject({ 'gen_ai.usage.input_tokens': used[i]?.prompt, 'slackwater.identity': 'explicit', 'slackwater.worker': 'worker-1' });
  });

  test('every role serves /metrics, and the three agree with what was answered', async () => {
    const scraped = async (url: string): Promise<Scraped> => parsePrometheus(await (await fetch(url)).text());
    const { gateway, conductor, worker } = roles.metricsUrls;
    const [g, c, w] = await Promise.all([scraped(gateway), scraped(conductor), scraped(worker)]);
    expect(g.value('slackwater_steps_total', { result: 'answered' })).toBe(4);
    expect(g.value('slackwater_rerendered_tokens_lost_total', { model_name: roles.config.model.name })).toBeGreaterThanOrEqual(0);
    expect(g.value('slackwater_step_seconds_count')).toBe(4);
    expect(c.value('slackwater_partitions')).toBe(limits.partitions);
    expect(c.value('slackwater_decision_seconds_count')).toBeGreaterThanOrEqual(4);
    expect(c.value('slackwater_traces_done_total', { outcome: 'finished' })).toBe(2);
    for (const source of ['hit', 'recalled', 'computed'] as const) {
      expect(w.value('slackwater_prompt_tokens_by_source_total', { source })).toBe(sum(used, source));
      expect(c.value('slackwater_trace_prompt_tokens_total', { source })).toBe(sum(used, source));
    }
    expect(w.value('slackwater_prompt_tokens_total')).toBe(sum(used, 'prompt'));
    expect(w.value('slackwater_time_to_first_token_seconds_count')).toBe(4);
    expect(w.value('slackwater_tier_blocks', { tier: 'hbm' })).toBeGreaterThan(0);
    for (const role of [g, c, w]) expect(role.names).toContain('slackwater_build_info');
  });
});

const sum = (usage: readonly Usage[], what: keyof Usage): number => usage.reduce((total, one) => total + one[what], 0);
