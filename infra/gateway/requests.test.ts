import { expect, test } from 'vitest';
import { traceContext } from './requests.ts';

test('only the trace context goes with a step, and not at any length', () => {
  expect(traceContext({ traceparent: '00-a-b-01', tracestate: 'v=1', cookie: 'secret' })).toEqual({ traceparent: '00-a-b-01', tracestate: 'v=1' });
  for (const traceparent of ['x'.repeat(513), 'caf\u00e9', 'a\nb', '']) expect(traceContext({ traceparent })).toEqual({});
});
