import { type Attributes, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { WorkerSpan } from '../../actors/host/worker-host.ts';
import type { Segment } from '../../actors/trace/types.ts';
import type { StepTold } from '../gateway/step.ts';
import type { Decision, TraceState, Usage } from '../../schemas/messages.ts';
import { errorType, genAi, schemaUrl, slackwater } from './conventions.ts';
import { type SpanPlace, attemptOf, parseTraceparent, rootOf, segmentOf, submissionOf } from './span-ids.ts';

export interface SpanContextOf {
  readonly resource: Resource;
  readonly version: string;
  /** US dollars of so much accelerator time. */
  costUsd(acceleratorMs: number): number;
}

const segmentNames: Readonly<Record<TraceState, string>> = { running: 'running', toolGap: 'tool_gap', resumed: 'resumed', fanOut: 'fan_out', done: 'done' };

/** The span of a segment, and after a trace's last one its root: a span is data here, as it is only told when it is over. */
export function spansOfSegment(segment: Segment, decisions: readonly Decision[], of: SpanContextOf): ReadableSpan[] {
  const { trace, tenant, parent, model, index, state, step, worker, startMs, endMs, usage, tier, root } = segment;
  const common: Attributes = { [genAi.agentId]: trace, [genAi.conversationId]: trace, [genAi.requestModel]: model, [slackwater.trace]: trace, [slackwater.tenant]: tenant };
  const spans = [span(of, {
    name: segmentNames[state], at: segmentOf(trace, index), parent: rootOf(trace), isParentRemote: false, startMs, endMs, events: decisions.map(eventOf),
    attributes: {
      ...common, ...tokensOf(usage), [slackwater.state]: segmentNames[state], [slackwater.segment]: index, [slackwater.step]: step,
      ...(worker === '' ? {} : { [slackwater.worker]: worker }), ...(tier === null ? {} : { [slackwater.tier]: tier }),
    },
  })];
  if (root === null) return spans;
  spans.push(span(of, {
    name: 'invoke_agent', at: rootOf(trace), parent: null, startMs: root.startMs, endMs: root.endMs,
    links: parent === null ? [] : [{ context: contextOf(rootOf(parent)), attributes: { [slackwater.link]: 'parent', [slackwater.trace]: parent } }],
    isFailed: root.outcome === 'failed', error: root.outcome,
    attributes: {
      ...common, ...tokensOf(root.usage), [genAi.operation]: 'invoke_agent', [genAi.provider]: 'slackwater',
      [slackwater.outcome]: root.outcome, [slackwater.steps]: root.steps, [slackwater.acceleratorMs]: root.acceleratorMs, [slackwater.costUsd]: of.costUsd(root.acceleratorMs), ...(parent === null ? {} : { [slackwater.parent]: parent }),
    },
  }));
  return spans;
}

/** One granted run on this worker, under the root its order named. Null: no root was named, or it is not sampled. */
export function spanOfRun({ startMs, endMs, report, traceparent }: WorkerSpan, model: string, of: SpanContextOf): ReadableSpan | null {
  const parent = parseTraceparent(traceparent);
  if (parent === null || !parent.isSampled) return null;
  const { trace, step, attempt, worker } = report;
  const attributes: Attributes = {
    [genAi.operation]: 'chat', [genAi.provider]: 'slackwater', [genAi.requestModel]: model, [genAi.agentId]: trace, [genAi.conversationId]: trace,
    [slackwater.trace]: trace, [slackwater.step]: step, [slackwater.attempt]: attempt, [slackwater.worker]: worker,
  };
  if (report.kind === 'stepEnded') {
    Object.assign(attributes, tokensOf(report.usage), {
      [genAi.finishReasons]: [report.finish], [genAi.timeToFirstChunk]: report.timing.firstTokenMs / 1_000,
      [slackwater.queuedMs]: report.timing.queuedMs, [slackwater.recallMs]: report.timing.recallMs,
      [slackwater.acceleratorMs]: report.acceleratorMs, [slackwater.costUsd]: of.costUsd(report.acceleratorMs),
    });
  }
  const failure = report.kind === 'stepFailed' ? { isFailed: true, error: report.code, message: report.message } : {};
  return span(of, { name: `chat ${model}`, kind: SpanKind.SERVER, at: attemptOf(parent.traceId, step, attempt, worker), parent, isParentRemote: true, startMs, endMs, attributes, ...failure });
}

/**
 * One submission as its harness saw it. A harness that traces itself finds it under its own span, with a link to the
 * root of the agent's trace; otherwise it hangs under that root. Null: not taken on, or the harness does not sample it.
 */
export function spanOfSubmission({ step, startMs, firstDeltaMs, endMs, accepted, end }: StepTold, gateway: string, of: SpanContextOf): ReadableSpan | null {
  if (accepted === null) return null;
  const harness = parseTraceparent(step.headers['traceparent'] ?? null);
  if (harness?.isSampled === false) return null;
  const root = rootOf(accepted.trace);
  const parent = harness ?? root;
  const failure = end?.kind === 'failed' ? { isFailed: true, error: end.code, message: end.message } : {};
  return span(of, {
    name: `step ${step.model}`, kind: SpanKind.SERVER, at: submissionOf(parent.traceId, accepted.step, gateway, startMs), parent, isParentRemote: true, startMs, endMs,
    links: harness === null ? [] : [{ context: contextOf(root), attributes: { [slackwater.link]: 'root', [slackwater.trace]: accepted.trace } }],
    attributes: {
      [genAi.operation]: 'chat', [genAi.provider]: 'slackwater', [genAi.requestModel]: step.model, [genAi.agentId]: accepted.trace, [genAi.conversationId]: accepted.trace,
      [slackwater.trace]: accepted.trace, [slackwater.step]: accepted.step, [slackwater.tenant]: step.tenant, [slackwater.stepClass]: step.class,
      [slackwater.identity]: accepted.identity.how, [slackwater.identityConfidence]: accepted.identity.confidence,
      ...(firstDeltaMs === null ? {} : { [genAi.timeToFirstChunk]: (firstDeltaMs - startMs) / 1_000 }),
      ...(end?.kind === 'result' ? { ...tokensOf(end.usage), [genAi.finishReasons]: [end.finish], [slackwater.worker]: end.worker, [slackwater.attempt]: end.attempt, [slackwater.costUsd]: end.costUsd } : {}),
    },
    ...failure,
  });
}

function eventOf({ atMs, what, choice, policy, regime, why, step, alternatives }: Decision): ReadableSpan['events'][number] {
  return {
    name: slackwater.decision, time: hrTimeOf(atMs), droppedAttributesCount: 0,
    attributes: {
      [slackwater.step]: step, [slackwater.decisionWhat]: what, [slackwater.decisionChoice]: choice, [slackwater.decisionPolicy]: policy, [slackwater.decisionRegime]: regime, [slackwater.decisionWhy]: why,
      [slackwater.decisionAlternatives]: alternatives.map((other) => `${other.choice} ${other.score}`),
    },
  };
}

const tokensOf = (usage: Usage): Attributes => ({
  [genAi.inputTokens]: usage.prompt, [genAi.outputTokens]: usage.generated, [genAi.cacheReadTokens]: usage.hit + usage.recalled,
  [slackwater.hitTokens]: usage.hit, [slackwater.recalledTokens]: usage.recalled, [slackwater.computedTokens]: usage.computed,
});

interface Described {
  readonly name: string;
  readonly kind?: SpanKind;
  readonly at: SpanPlace;
  readonly parent: SpanPlace | null;
  readonly isParentRemote?: boolean;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Attributes;
  readonly links?: ReadableSpan['links'];
  readonly events?: ReadableSpan['events'];
  readonly isFailed?: boolean;
  readonly error?: string;
  readonly message?: string;
}

function span(of: SpanContextOf, { name, kind, at, parent, isParentRemote, startMs, endMs, attributes, links, events, isFailed, error, message }: Described): ReadableSpan {
  const context = contextOf(at);
  return {
    name, kind: kind ?? SpanKind.INTERNAL, spanContext: () => context, ...(parent === null ? {} : { parentSpanContext: { ...contextOf(parent), isRemote: isParentRemote === true } }),
    startTime: hrTimeOf(startMs), endTime: hrTimeOf(endMs), duration: hrTimeOf(endMs - startMs), ended: true,
    status: isFailed === true ? { code: SpanStatusCode.ERROR, ...(message === undefined ? {} : { message }) } : { code: SpanStatusCode.UNSET },
    attributes: isFailed === true && error !== undefined ? { ...attributes, [errorType]: error } : attributes, links: links ?? [], events: events ?? [],
    resource: of.resource, instrumentationScope: { name: 'slackwater', version: of.version, schemaUrl },
    droppedAttributesCount: 0, droppedEventsCount: 0, droppedLinksCount: 0,
  };
}

const contextOf = ({ traceId, spanId }: SpanPlace) => ({ traceId, spanId, traceFlags: 1 });

/** Milliseconds, with fractions, as seconds and nanoseconds. */
function hrTimeOf(ms: number): [number, number] {
  const seconds = Math.floor(ms / 1_000);
  const nanoseconds = Math.round((ms - seconds * 1_000) * 1e6);
  return nanoseconds >= 1e9 ? [seconds + 1, 0] : [seconds, nanoseconds];
}
