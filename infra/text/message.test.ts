import { describe, expect, it } from 'vitest';
import { type ChatMessage, extendChain, messageChain } from './message.ts';

const chain = (...messages: ChatMessage[]): string[] => messageChain('tenant', 'model', messages);
const last = (message: ChatMessage): string => chain(message)[0]!;

describe('message chain', () => {
  it('names each beginning of a conversation, so that a longer one shares the names of the shorter', () => {
    const messages: ChatMessage[] = [{ role: 'system', content: 'S' }, { role: 'user', content: 'U' }, { role: 'assistant', content: 'A' }];
    const whole = chain(...messages);
    expect(whole).toHaveLength(3);
    expect(new Set(whole).size).toBe(3);
    for (const name of whole) expect(name).toMatch(/^[0-9a-f]{32}$/);
    expect(chain(...messages.slice(0, 2))).toEqual(whole.slice(0, 2));
    expect(extendChain(whole[1]!, messages[2]!)).toBe(whole[2]);
  });

  it('keeps tenants and models apart, whatever their names contain', () => {
    const roots = [['a', 'b'], ['b', 'a'], ['ab', ''], ['', 'ab'], ['a","b', ''], ['a', '","b']] as const;
    expect(new Set(roots.map(([tenant, model]) => messageChain(tenant, model, [{ role: 'user', content: 'x' }])[0])).size).toBe(roots.length);
  });

  it.each<[string, ChatMessage, ChatMessage]>([
    ['text in parts', { role: 'user', content: 'abc' }, { role: 'user', content: [{ type: 'text', text: 'ab' }, { type: 'text', text: 'c' }] }],
    ['no content', { role: 'assistant', content: null }, { role: 'assistant' }],
    ['empty content', { role: 'assistant', content: '' }, { role: 'assistant', content: [] }],
    ['arguments as text or object', { role: 'assistant', tool_calls: [{ id: '1', type: 'function', function: { name: 'f', arguments: '{"b": 1, "a": [2]}' } }] },
      { role: 'assistant', tool_calls: [{ id: '1', function: { name: 'f', arguments: { a: [2], b: 1 } } }] }],
    ['no calls', { role: 'assistant', content: 'x', tool_calls: [] }, { role: 'assistant', content: 'x', tool_calls: null }],
  ])('means the same: %s', (_, a, b) => { expect(last(a)).toBe(last(b)); });

  it('tells apart whatever differs in meaning', () => {
    const call = (name: string, args: unknown, id = '1'): ChatMessage => ({ role: 'assistant', content: 'x', tool_calls: [{ id, function: { name, arguments: args } }] });
    const messages: ChatMessage[] = [
      { role: 'user', content: 'x' }, { role: 'user', content: 'x ' }, { role: 'user', content: '' }, { role: 'system', content: 'x' }, { role: 'user', content: 'x', name: 'n' },
      { role: 'tool', content: 'x', tool_call_id: '1' }, { role: 'tool', content: 'x', tool_call_id: '2' }, call('f', '{}'), call('g', '{}'), call('f', '{"a":1}'), call('f', 'not json'), call('f', '{}', '2'),
      { role: 'user', content: '["user",null,[],null]\nx' }, { role: 'user', content: '\nx' },
    ];
    expect(new Set(messages.map(last)).size).toBe(messages.length);
    expect(chain({ role: 'user', content: 'ab' }, { role: 'user', content: 'c' })[1]).not.toBe(chain({ role: 'user', content: 'a' }, { role: 'user', content: 'bc' })[1]);
  });

  it('refuses content that is not text', () => {
    expect(() => last({ role: 'user', content: [{ type: 'text', text: 'a' }, { type: 'input_audio' }] })).toThrow(/part 1 of 2 .*"input_audio"/);
    expect(() => last({ role: 'user', content: 7 as unknown as string })).toThrow(/role "user" is of type number/);
  });

  it('refuses arguments that are nested without end', () => {
    const args = '['.repeat(200_000) + ']'.repeat(200_000);
    expect(() => last({ role: 'assistant', tool_calls: [{ function: { name: 'f', arguments: args } }] })).toThrow(/calls of a message cannot be read/);
  });
});
