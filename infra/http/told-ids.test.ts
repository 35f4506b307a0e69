import { describe, expect, test } from 'vitest';
import { findTenant, withToldIds } from './told-ids.ts';

describe('ids in headers', () => {
  test.each([
    ['ours', { 'x-slackwater-trace': 't', 'x-slackwater-parent': 'p', 'x-slackwater-seq': '3', 'idempotency-key': 'k' }, { trace: 't', parent: 'p', seq: 3, id: 'k' }],
    ['OpenCode\'s', { 'x-session-id': 'ses_1', 'x-parent-session-id': 'ses_0' }, { trace: 'ses_1', parent: 'ses_0' }],
    ['ours before those of others', { 'x-session-id': 'ses_1', 'x-slackwater-trace': 't' }, { trace: 't' }],
    ['what is no number is left to the schema', { 'x-slackwater-seq': '1e3' }, { seq: '1e3' }],
  ])('%s', (_name, headers, slackwater) => {
    expect(withToldIds({ model: 'm' }, headers)).toEqual({ model: 'm', slackwater });
  });

  test('what the body says itself counts more', () => {
    expect(withToldIds({ slackwater: { trace: 'body', seq: 1 } }, { 'x-slackwater-trace': 'header', 'idempotency-key': 'k' })).toEqual({ slackwater: { id: 'k', trace: 'body', seq: 1 } });
  });

  test.each([[null], [[]], ['text'], [{ slackwater: 5 }], [{ model: 'm' }]])('%j without headers of ours stays as it is', (body) => {
    expect(withToldIds(body, { accept: '*/*' })).toBe(body);
  });
});

test('a tenant is one token of a subject, or default', () => {
  expect(findTenant({})).toBe('default');
  expect(findTenant({ 'x-slackwater-tenant': 'acme-1' })).toBe('acme-1');
  for (const bad of ['', 'a.b', 'a b', '*', 'x'.repeat(65)]) expect(findTenant({ 'x-slackwater-tenant': bad })).toBeNull();
});
