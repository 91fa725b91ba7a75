const unitsMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const form = /^(\d{1,9})(ms|s|m|h|d)$/;

/** Milliseconds of `500ms`, `40s`, `15m`, `2h` or `30d`; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit] = form.exec(text) ?? [];
  if (amount === undefined || unit === undefined) return undefined;
  return isUnit(unit) ? Number(amount) * unitsMs[unit] : undefined;
}

function isUnit(unit: string): unit is keyof typeof unitsMs {
  return Object.hasOwn(unitsMs, unit);
}
