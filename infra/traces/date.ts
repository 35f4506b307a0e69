/**
 * A day and a time of it, `2023-11-16 18:17:03.97` or with a T, in UTC or as far from it as `+01:00` at its end says: in ms
 * since 1970, to the microsecond, which doubles still tell apart. NaN: no calendar or clock has it. Null: not written so.
 */
export function dateMs(text: string): number | null {
  const parts = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(\.\d+)?(?:Z|([+-])(\d\d):?(\d\d))?$/.exec(text);
  if (parts === null) return null;
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number) as [number, number, number, number, number, number];
  const ms = Date.UTC(year, month - 1, day, hour, minute, second), asRead = new Date(ms);
  // Date takes the 46th of a 13th month for a day of the next year: what there is comes back as it was written.
  const isThere = asRead.getUTCFullYear() === year && asRead.getUTCMonth() === month - 1 && asRead.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  const [fromHours, fromMinutes] = [Number(parts[9] ?? 0), Number(parts[10] ?? 0)];
  if (!isThere || fromHours > 23 || fromMinutes > 59) return Number.NaN;
  const fromUtcMs = (parts[8] === '-' ? -1 : 1) * (60 * fromHours + fromMinutes) * 60_000;
  return ms - fromUtcMs + Math.round(Number(`0${parts[7] ?? ''}`) * 1e6) / 1e3;
}
