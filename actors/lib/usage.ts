import type { Usage } from '../../schemas/messages.ts';

export const emptyUsage: Usage = { prompt: 0, hit: 0, recalled: 0, computed: 0, generated: 0 };

export const addUsage = (a: Usage, b: Usage): Usage => ({
  prompt: a.prompt + b.prompt, hit: a.hit + b.hit, recalled: a.recalled + b.recalled, computed: a.computed + b.computed, generated: a.generated + b.generated,
});
