/** RFC 5424, from the least severe. */
const levels = [
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
] as const;

const ranks: ReadonlyMap<unknown, number> = new Map(levels.map((level, rank) => [level, rank]));

export function isLogLevel(level: unknown): level is string {
  return ranks.has(level);
}

/** Whether a log of this level is for somebody who wants `least` and what is worse; unknown levels are for nobody. */
export function isLoggedAt(level: unknown, least: string): boolean {
  const rank = ranks.get(level);
  const leastRank = ranks.get(least);
  return rank !== undefined && leastRank !== undefined && rank >= leastRank;
}
