/**
 * Every subject of the fleet, as a table. `<p>` is a partition number, `<step>` a step id (`tr_…/12` is one token),
 * names of nodes and tenants are checked to be single tokens before they come here.
 */
export const subjects = (region: string) => ({
  in: (p: number, trace: string) => `sw.v1.${region}.in.${p}.${trace}`,
  inOf: (p: number) => `sw.v1.${region}.in.${p}.*`,
  inboxes: `sw.v1.${region}.in.*.*`,
  state: (p: number, trace: string) => `sw.v1.${region}.state.${p}.${trace}`,
  states: `sw.v1.${region}.state.*.*`,
  stateOf: (p: number) => `sw.v1.${region}.state.${p}.*`,
  checkpoint: (p: number) => `sw.v1.${region}.state.${p}._checkpoint`,
  page: (tenant: string, name: string) => `sw.v1.${region}.ctx.${tenant}.${name}`,
  splice: (tenant: string, hash: string) => `sw.v1.${region}.ctx.${tenant}.splice-${hash}`,
  who: (p: number) => `sw.v1.${region}.who.${p}`,
  order: (worker: string) => `sw.v1.${region}.order.${worker}`,
  beat: (node: string) => `sw.v1.${region}.beat.${node}`,
  beats: `sw.v1.${region}.beat.*`,
  kv: (node: string) => `sw.v1.${region}.kv.${node}`,
  kvs: `sw.v1.${region}.kv.*`,
  snapshot: (node: string) => `sw.v1.${region}.snapshot.${node}`,
  now: (p: number, trace: string) => `sw.v1.${region}.now.${p}.${trace}`,
  nowOf: (p: number) => `sw.v1.${region}.now.${p}.*`,
  out: (step: string) => `sw.v1.${region}.out.${step}`,
  bill: (p: number) => `sw.v1.${region}.bill.${p}`,
  bills: `sw.v1.${region}.bill.*`,
  evt: (p: number, trace: string) => `sw.v1.${region}.evt.${p}.${trace}`,
  evts: `sw.v1.${region}.evt.*.*`,
}) as const;

export type Subjects = ReturnType<typeof subjects>;

/** Where harnesses publish steps; the only subject without a region. */
export const stepSubject = (tenant: string): string => `sw.step.${tenant}`;

const token = /^[A-Za-z0-9_-]{1,64}$/;
/** What may stand as one token of a subject: trace ids, tenants, node names. */
export const isToken = (text: string): boolean => token.test(text);
