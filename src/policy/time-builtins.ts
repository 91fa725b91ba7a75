import type { Json } from '../core/json.ts';

const nsPerSecond = 1_000_000_000n;
const weekdays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/** `[hour, minute, second]` in UTC. */
export function clockOf(time: Json | undefined): readonly number[] | undefined {
  const utc = utcOf(time);
  return utc && [utc.getUTCHours(), utc.getUTCMinutes(), utc.getUTCSeconds()];
}

/** `[year, month, day]` in UTC, January being 1. */
export function dateOf(time: Json | undefined): readonly number[] | undefined {
  const utc = utcOf(time);
  return utc && [utc.getUTCFullYear(), utc.getUTCMonth() + 1, utc.getUTCDate()];
}

export function weekdayOf(time: Json | undefined): string | undefined {
  const utc = utcOf(time);
  return utc && weekdays[utc.getUTCDay()];
}

/** Nanoseconds, as Go's time.Parse(time.RFC3339) reads them: also one-digit hours and a comma before the fraction. */
export function parseRfc3339(text: Json | undefined): bigint | undefined {
  const match = typeof text === 'string' ? rfc3339.exec(text) : null;
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map(Number);
  const [fraction = '', sign = '+', zoneHour = '0', zoneMinute = '0'] = match.slice(7);
  const start = new Date(0);
  start.setUTCFullYear(year, month - 1, day);
  const isDay = start.getUTCMonth() === month - 1 && start.getUTCDate() === day;
  if (!isDay || hour > 23 || minute > 59 || second > 59) return undefined;
  // Go takes offsets of exactly 24 hours and 60 minutes.
  if (Number(zoneHour) > 24 || Number(zoneMinute) > 60) return undefined;
  const offset = (Number(zoneHour) * 60 + Number(zoneMinute)) * (sign === '-' ? -60 : 60);
  const seconds = start.getTime() / 1000 + hour * 3600 + minute * 60 + second - offset;
  return inRange(BigInt(seconds) * nsPerSecond + BigInt(fraction.slice(0, 9).padEnd(9, '0')));
}

const rfc3339 =
  /^(\d{4})-(\d{2})-(\d{2})T(\d{1,2}):(\d{2}):(\d{2})(?:[.,](\d+))?(?:Z|([+-])(\d{2}):(\d{2}))$/;

/** A time is nanoseconds or `[nanoseconds, zone, layout]`; any other shape, and any zone but UTC, is undefined. */
function utcOf(time: Json | undefined): Date | undefined {
  const [ns, zone = 'UTC', layout = '']: readonly unknown[] = Array.isArray(time) ? time : [time];
  if ((zone !== 'UTC' && zone !== '') || typeof layout !== 'string') return undefined;
  if (typeof ns !== 'number' || !Number.isInteger(ns)) return undefined;
  // The shortest text of the number gives back the digits that rounding to a double had hidden, down to microseconds.
  const exact = inRange(BigInt(Math.abs(ns) < 1e21 ? String(ns) : ns));
  return exact === undefined ? undefined : new Date(Number(floorToMs(exact)));
}

function floorToMs(ns: bigint): bigint {
  const ms = ns / 1_000_000n;
  return ns < 0n && ms * 1_000_000n !== ns ? ms - 1n : ms;
}

/** Go's nanoseconds are 64 bits: from 1677 to 2262. */
function inRange(ns: bigint): bigint | undefined {
  return BigInt.asIntN(64, ns) === ns ? ns : undefined;
}
