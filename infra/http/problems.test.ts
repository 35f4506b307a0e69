import { describe, expect, test } from 'vitest';
import { refused } from '../../schemas/refused.ts';
import { problemOf, refusalOfServer } from './problems.ts';

describe('a reason not to answer, as HTTP', () => {
  test.each([
    ['too many steps', { kind: 'deferred', retry_after_ms: 2_000, code: 'gateway_full', message: '' }, 429, 'rate_limit_error', 2_000],
    ['a bus that is away', { kind: 'deferred', retry_after_ms: 2_000, code: 'bus_unavailable', message: '' }, 503, 'server_error', 2_000],
    ['a worker that died too often', { kind: 'failed', step: 's', code: 'no_worker', message: '', retry: 'later' }, 503, 'server_error', 1_000],
    ['a seq that is not the next', refused('seq_gap', '', { limit: 2, got: 4 }), 409, 'invalid_request_error', null],
    ['a step whose trace is not answered yet', { kind: 'failed', step: 's', code: 'step_in_flight', message: '', retry: 'later' }, 409, 'invalid_request_error', 1_000],
    ['a model that is not here', refused('unknown_model', ''), 404, 'invalid_request_error', null],
  ] as const)('%s', (_name, reason, status, type, retryAfterMs) => {
    expect(problemOf(reason)).toMatchObject({ status, retryAfterMs, body: { error: { type, slackwater: { code: reason.code } } } });
  });

  test('the numbers are there apart from the sentence', () => {
    expect(problemOf(refused('context_length', 'long', { limit: 8, got: 9 })).body).toMatchObject({ error: { code: 'context_length_exceeded', slackwater: { code: 'context_length', limit: 8, got: 9 } } });
  });
});

describe('what the server refuses before a route sees it', () => {
  const refusal = (code: string, length: number | null) => refusalOfServer({ code, message: 'm', statusCode: 400 }, 100, length, 'image/png');
  test('a body that is too large, with its size where it was said', () => {
    expect(refusal('FST_ERR_CTP_BODY_TOO_LARGE', 101)).toEqual(refused('payload_too_large', '101 bytes; 100 may come in one request', { limit: 100, got: 101 }));
    expect(refusal('FST_ERR_CTP_BODY_TOO_LARGE', null)?.message).toBe('more than 100 bytes; 100 may come in one request');
  });
  test('another content type, and what is not the client\'s fault', () => {
    expect(refusal('FST_ERR_CTP_INVALID_MEDIA_TYPE', 1)).toMatchObject({ code: 'unsupported_content_type', message: expect.stringContaining('image/png') });
    expect(refusalOfServer({ message: 'bug' }, 100, 1, '')).toBeNull();
  });
});
