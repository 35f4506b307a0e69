import type { Bill, BillRow, TraceId } from '../../schemas/messages.ts';
import { addUsage, emptyUsage } from '../lib/usage.ts';

export const emptyRow = (trace: TraceId, tenant: string): BillRow => ({ trace, tenant, steps: 0, usage: emptyUsage, acceleratorMs: 0, costUsd: 0 });

/**
 * What each trace has cost, from all bills of one or more partitions in the order they are stored.
 *
 * Per trace the last row counts; a row of zeros begins a new count on top of what was there. A bill whose cursor is not
 * above that of the partition's last one is a repetition and is skipped.
 */
export function sumBills(bills: Iterable<Bill>): Map<TraceId, BillRow> {
  const cursors = new Map<number, number>();
  const before = new Map<TraceId, BillRow>();
  const totals = new Map<TraceId, BillRow>();
  for (const bill of bills) {
    if (bill.cursor <= (cursors.get(bill.partition) ?? 0)) continue;
    cursors.set(bill.partition, bill.cursor);
    for (const row of bill.rows) {
      if (row.steps === 0 && row.acceleratorMs === 0) before.set(row.trace, totals.get(row.trace) ?? emptyRow(row.trace, row.tenant));
      totals.set(row.trace, addRows(before.get(row.trace) ?? emptyRow(row.trace, row.tenant), row));
    }
  }
  return totals;
}

const addRows = (a: BillRow, b: BillRow): BillRow => ({
  trace: a.trace, tenant: b.tenant === '' ? a.tenant : b.tenant, steps: a.steps + b.steps, usage: addUsage(a.usage, b.usage),
  acceleratorMs: a.acceleratorMs + b.acceleratorMs, costUsd: a.costUsd + b.costUsd,
});
