import { type Fleet, readFleet } from '../../../infra/replay/fleet.ts';
import { timesRate } from '../../../infra/replay/simulation/rate.ts';

/** A fleet as the bench uses it: of every tier's room for KV the share `memory`, and some numbers of the device multiplied. */
export interface FleetPlan { readonly name: string; readonly memory: number; readonly scaled: Readonly<Record<string, number>> }

const withDevice = (fleet: Fleet, change: Partial<Fleet['device']>): Fleet => ({ ...fleet, device: { ...fleet.device, ...change } });

/** What the sensitivity study multiplies. */
export const rates: Readonly<Record<string, (fleet: Fleet, by: number) => Fleet>> = {
  'linear flops': (fleet, by) => withDevice(fleet, { linearFlopsPerS: timesRate(fleet.device.linearFlopsPerS, by) }),
  'attention flops': (fleet, by) => withDevice(fleet, { attentionFlopsPerS: timesRate(fleet.device.attentionFlopsPerS, by) }),
  'hbm reads': (fleet, by) => withDevice(fleet, { readBytesPerS: fleet.device.readBytesPerS * by }),
  'overhead of an iteration': (fleet, by) => withDevice(fleet, { overheadMs: fleet.device.overheadMs * by, overheadPerSequenceMs: fleet.device.overheadPerSequenceMs * by }),
  'tokens of an iteration': (fleet, by) => withDevice(fleet, { iterationTokens: Math.max(1, Math.round(fleet.device.iterationTokens * by)) }),
  'dram link': (fleet, by) => withDevice(fleet, { dram: { ...fleet.device.dram, bytesPerS: fleet.device.dram.bytesPerS * by } }),
  'nvme link': (fleet, by) => withDevice(fleet, { nvme: { ...fleet.device.nvme, bytesPerS: fleet.device.nvme.bytesPerS * by } }),
  'room in dram': (fleet, by) => ({ ...fleet, capacity: { ...fleet.capacity, dram: Math.floor(fleet.capacity.dram * by) } }),
  'tokens asked for': (fleet, by) => (fleet.maxTokens === undefined ? fleet : { ...fleet, maxTokens: Math.round(fleet.maxTokens * by) }),
  'room in nvme': (fleet, by) => ({ ...fleet, capacity: { ...fleet.capacity, nvme: Math.floor(fleet.capacity.nvme * by) } }),
};

/** Without `scaled`: loads are set by it, and do not follow what the study changes. */
export function plainFleet({ name, memory }: FleetPlan): Fleet {
  const fleet = readFleet(name), { hbm, dram, nvme } = fleet.capacity;
  return { ...fleet, capacity: { hbm: Math.max(1, Math.floor(hbm * memory)), dram: Math.floor(dram * memory), nvme: Math.floor(nvme * memory) } };
}

export function scaledFleet(plan: FleetPlan): Fleet {
  let fleet = plainFleet(plan);
  for (const [name, by] of Object.entries(plan.scaled)) {
    const scale = rates[name];
    if (scale === undefined) throw new RangeError(`no rate is called ${name}; there are ${Object.keys(rates).join(', ')}`);
    fleet = scale(fleet, by);
  }
  return fleet;
}
