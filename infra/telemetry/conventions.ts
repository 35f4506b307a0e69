/**
 * Names of attributes. Those of `gen_ai.*` are OpenTelemetry's generative AI conventions as of version 1.41.0, which are
 * still in development and have moved before: nothing else in the code spells them.
 */
export const schemaUrl = 'https://opentelemetry.io/schemas/1.41.0';

export const genAi = {
  operation: 'gen_ai.operation.name',
  provider: 'gen_ai.provider.name',
  agentId: 'gen_ai.agent.id',
  conversationId: 'gen_ai.conversation.id',
  requestModel: 'gen_ai.request.model',
  finishReasons: 'gen_ai.response.finish_reasons',
  timeToFirstChunk: 'gen_ai.response.time_to_first_chunk', // seconds
  inputTokens: 'gen_ai.usage.input_tokens',
  outputTokens: 'gen_ai.usage.output_tokens',
  cacheReadTokens: 'gen_ai.usage.cache_read.input_tokens',
} as const;

export const slackwater = {
  tenant: 'slackwater.tenant',
  trace: 'slackwater.trace',
  parent: 'slackwater.parent',
  link: 'slackwater.link',
  identity: 'slackwater.identity',
  identityConfidence: 'slackwater.identity.confidence',
  stepClass: 'slackwater.class',
  state: 'slackwater.state',
  segment: 'slackwater.segment',
  step: 'slackwater.step',
  steps: 'slackwater.steps',
  attempt: 'slackwater.attempt',
  worker: 'slackwater.worker',
  tier: 'slackwater.tier',
  outcome: 'slackwater.outcome',
  hitTokens: 'slackwater.tokens.hit',
  recalledTokens: 'slackwater.tokens.recalled',
  computedTokens: 'slackwater.tokens.computed',
  queuedMs: 'slackwater.queued_ms',
  recallMs: 'slackwater.recall_ms',
  acceleratorMs: 'slackwater.accelerator_ms',
  costUsd: 'slackwater.cost_usd',
  decision: 'slackwater.decision',
  decisionWhat: 'slackwater.decision.what',
  decisionChoice: 'slackwater.decision.choice',
  decisionPolicy: 'slackwater.decision.policy',
  decisionRegime: 'slackwater.decision.regime',
  decisionWhy: 'slackwater.decision.why',
  decisionAlternatives: 'slackwater.decision.alternatives',
  region: 'slackwater.region',
  role: 'slackwater.role',
} as const;

export const errorType = 'error.type';
