import { describe, expect, test } from 'vitest';
import { chatCompletion, chatError, chunkEnd, chunkStart, chunkText, chunkToolCalls, chunkUsage, finiteLogprob, modelList } from './openai-answers.ts';
import { chatOf, parseChat, type ChatRefusal, type ChatRequest } from './openai.ts';

const user = { role: 'user', content: 'hello' };
const small = { model: 'm', messages: [user] };

function taken(got: ChatRequest | ChatRefusal): ChatRequest {
  if (got.kind === 'chatRefusal') throw new Error(got.refused.message);
  return got;
}
function refusal(got: ChatRequest | ChatRefusal): ChatRefusal {
  if (got.kind === 'chatRequest') throw new Error('was taken');
  return got;
}

test('the least a client can send becomes a step with the defaults of the protocol', () => {
  expect(taken(chatOf(small))).toStrictEqual({
    kind: 'chatRequest', stream: false, isUsageWanted: false, logprobs: -1, isLast: false, user: null,
    step: {
      v: 1, id: null, trace: null, parent: null, seq: null, model: 'm', messages: [user], append: null, tools: [], class: 'agent', deadline_ms: null, end: false, reply: null,
      sampling: { max_tokens: 1_024, temperature: 1, top_p: 1, top_k: 0, seed: null, stop: [] },
    },
  });
});

test('what is honoured arrives in the step', () => {
  const call = { id: 'c1', type: 'function', function: { name: 'read', arguments: '{}' } };
  const tools = [{ type: 'function', function: { name: 'read', description: 'd', parameters: { type: 'object', properties: { path: { type: 'string' } } }, strict: false } }];
  const chat = taken(chatOf({
    model: 'm', messages: [{ role: 'developer', content: 'be brief' }, user, { role: 'assistant', content: null, refusal: null, tool_calls: [{ ...call, index: 0 }] }, { role: 'tool', tool_call_id: 'c1', content: [{ type: 'text', text: 'x' }] }],
    max_completion_tokens: 9, temperature: 0, top_p: 0.5, seed: -1, stop: 'END', stream: true, stream_options: { include_usage: true }, logprobs: true, top_logprobs: 3, tools, tool_choice: 'auto', user: 'u',
    slackwater: { id: 'k', trace: 't', parent: 'p', seq: 4, class: 'background', end: true },
  }));
  expect(chat.step.messages).toStrictEqual([{ role: 'system', content: 'be brief' }, user, { role: 'assistant', content: '', tool_calls: [call] }, { role: 'tool', content: 'x', tool_call_id: 'c1' }]);
  expect(chat.step.sampling).toStrictEqual({ max_tokens: 9, temperature: 0, top_p: 0.5, top_k: 0, seed: 2n ** 64n - 1n, stop: ['END'] });
  expect(chat.step).toMatchObject({ id: 'k', trace: 't', parent: 'p', seq: 4, class: 'background', end: false, tools });
  expect(chat).toMatchObject({ stream: true, isUsageWanted: true, logprobs: 3, isLast: true, user: 'u' });
});

test('tool_choice none hides the tools', () => {
  expect(taken(chatOf({ ...small, tools: [{ type: 'function', function: { name: 'f' } }], tool_choice: 'none' })).step.tools).toStrictEqual([]);
});

test('fields that change nothing are taken and forgotten, null stands for absent', () => {
  const chat = chatOf({
    ...small, store: false, metadata: { a: 'b' }, parallel_tool_calls: true, service_tier: 'auto', prompt_cache_key: 'k', prompt_cache_retention: '24h', reasoning_effort: 'low',
    response_format: { type: 'text' }, frequency_penalty: 0, presence_penalty: 0, logit_bias: {}, n: 1, modalities: ['text'], audio: null, temperature: null, stop: null, tools: null, seed: null,
  });
  expect(taken(chat)).toStrictEqual(taken(chatOf(small)));
});

test.each([
  ['an unknown field', { ...small, foo: 1 }, 'foo', 'unknown field "foo"'],
  ['an unknown field inside', { model: 'm', messages: [{ ...user, foo: 1 }] }, 'messages[0].foo', 'unknown field "messages[0].foo"'],
  ['an unknown field of ours', { ...small, slackwater: { tracce: 'x' } }, 'slackwater.tracce', 'unknown field "slackwater.tracce"'],
  ['two answers', { ...small, n: 2 }, 'n', '"n" is 2; only 1 is supported'],
  ['JSON mode', { ...small, response_format: { type: 'json_object' } }, 'response_format', 'only {"type":"text"} is supported'],
  ['a penalty', { ...small, frequency_penalty: 0.5 }, 'frequency_penalty', '"frequency_penalty" is 0.5; only 0 is supported'],
  ['a bias', { ...small, logit_bias: { 50: 1 } }, 'logit_bias', 'only {} is supported'],
  ['a forced call', { ...small, tool_choice: 'required' }, 'tool_choice', '"tool_choice" is "required"; it may be "auto", "none"'],
  ['a temperature beyond the range', { ...small, temperature: 3 }, 'temperature', '"temperature" is 3; it may be at most 2'],
  ['alternatives without logprobs', { ...small, top_logprobs: 2 }, 'top_logprobs', 'without "logprobs": true'],
  ['stream options without a stream', { ...small, stream_options: { include_usage: true } }, 'stream_options', 'without "stream": true'],
  ['no messages', { model: 'm', messages: [] }, 'messages', '"messages" has 0 entries; it must be at least 1'],
  ['no model', { messages: [user] }, 'model', '"model" is missing'],
  ['an image', { model: 'm', messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }] }, 'messages[0].content[0].type', '"image_url"; it may be "text"'],
  ['a seq without a trace', { ...small, slackwater: { seq: 1 } }, 'slackwater', '"seq" 1 without "trace"'],
  ['no object', 7, null, 'the document is 7; expected an object'],
])('%s is refused with its path', (_, body, param, message) => {
  const got = refusal(chatOf(body));
  expect(got.refused.message).toContain(message);
  expect(got.param).toBe(param);
});

test('a body beyond the bound is refused before it is read', () => {
  expect(chatError(refusal(parseChat(new Uint8Array(101), 100)))).toStrictEqual({
    status: 413, retryAfterMs: null, body: { error: { message: '101 bytes; 100 may come in one message', type: 'invalid_request_error', param: null, code: 'payload_too_large' } },
  });
});

describe('errors have the shape of the protocol', () => {
  test.each([
    [refusal(chatOf({ ...small, foo: 1 })), 400, 'invalid_request_error', 'unknown_parameter', 'foo'],
    [{ kind: 'refused', code: 'context_length', message: 'm', limit: 1, got: 2 }, 400, 'invalid_request_error', 'context_length_exceeded', 'messages'],
    [{ kind: 'refused', code: 'unknown_model', message: 'm' }, 404, 'invalid_request_error', 'model_not_found', 'model'],
    [{ kind: 'deferred', retry_after_ms: 2000, code: 'fleet_full', message: 'm' }, 429, 'rate_limit_error', 'fleet_full', null],
    [{ kind: 'failed', step: 's', code: 'no_worker', message: 'm', retry: 'later' }, 503, 'server_error', 'no_worker', null],
    [{ kind: 'failed', step: 's', code: 'bug', message: 'm', retry: 'never' }, 500, 'server_error', 'bug', null],
  ] as const)('%j', (reason, status, type, code, param) => {
    const got = chatError(reason);
    expect(got.status).toBe(status);
    expect(got.body.error).toMatchObject({ type, code, param });
    expect(got.retryAfterMs !== null).toBe(status === 429 || status === 503);
  });
});

describe('answers', () => {
  const answer = { id: 'chatcmpl-1', created: 1_790_000_000, model: 'm' };
  const usage = { prompt: 100, hit: 64, recalled: 10, computed: 26, generated: 7 };
  const call = { id: 'c1', type: 'function', function: { name: 'read', arguments: '{}' } } as const;

  test('a whole one', () => {
    expect(chatCompletion(answer, { text: 'hi', toolCalls: [], finish: 'stop', usage, logprobs: null, slackwater: null })).toStrictEqual({
      id: 'chatcmpl-1', object: 'chat.completion', created: 1_790_000_000, model: 'm',
      choices: [{ index: 0, message: { role: 'assistant', content: 'hi', refusal: null }, logprobs: null, finish_reason: 'stop' }],
      usage: { prompt_tokens: 100, completion_tokens: 7, total_tokens: 107, prompt_tokens_details: { cached_tokens: 74 } },
    });
  });

  test('one that only calls tools comes back as the message it was', () => {
    const { message } = chatCompletion(answer, { text: '', toolCalls: [call], finish: 'tool_calls', usage, logprobs: null, slackwater: null }).choices[0];
    expect(message).toStrictEqual({ role: 'assistant', content: null, refusal: null, tool_calls: [call] });
    expect(taken(chatOf({ model: 'm', messages: [user, message] })).step.messages?.[1]).toStrictEqual({ role: 'assistant', content: '', tool_calls: [call] });
  });

  test('a streamed one: begin, text, calls, end, usage', () => {
    expect(chunkStart(answer).choices[0]).toStrictEqual({ index: 0, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null });
    expect(chunkText(answer, 'hi', null).choices[0].delta).toStrictEqual({ content: 'hi' });
    expect(chunkToolCalls(answer, [call]).choices[0].delta).toStrictEqual({ tool_calls: [{ index: 0, ...call }] });
    expect(chunkEnd(answer, 'length', null).choices[0]).toStrictEqual({ index: 0, delta: {}, logprobs: null, finish_reason: 'length' });
    expect(chunkUsage(answer, usage)).toMatchObject({ object: 'chat.completion.chunk', choices: [], usage: { total_tokens: 107 } });
  });

  test('impossible tokens have a logprob that JSON can say', () => {
    expect(JSON.stringify(finiteLogprob(-Infinity))).toBe('-9999');
    expect(finiteLogprob(-0.5)).toBe(-0.5);
  });

  test('the list of models', () => {
    expect(modelList(['m'], 1)).toStrictEqual({ object: 'list', data: [{ id: 'm', object: 'model', created: 1, owned_by: 'slackwater' }] });
  });
});
