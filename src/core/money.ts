/** No amount and no count goes over this, so that every one of them is exact. Amounts are whole millionths of a US dollar. */
export const maxAmount = 9_000_000_000_000_000;

const form = /^(\d{1,30})(?:\.(\d{1,400}))?(?:[eE]([+-]?\d{1,3}))?$/;

/**
 * Billionths of a dollar of an amount such as `0.01` or `1e-7`; what is finer goes up or down to the next one. Undefined for
 * anything else, negative amounts among it.
 */
export function parseNanoUsd(text: string, round: 'up' | 'down'): bigint | undefined {
  const [, whole, fraction = '', exponent = '0'] = form.exec(text) ?? [];
  if (whole === undefined) return undefined;
  // The amount is `digits` over ten to the power of `scale`, and wanted in 1e-9.
  const digits = BigInt(whole + fraction);
  const scale = fraction.length - Number(exponent) - 9;
  if (scale <= 0) return digits * 10n ** BigInt(-scale);
  return divide(digits, 10n ** BigInt(scale), round);
}

/** Millionths of a dollar; see `parseNanoUsd`. */
export function parseMicroUsd(text: string, round: 'up' | 'down'): number | undefined {
  const nano = parseNanoUsd(text, round);
  return nano === undefined ? undefined : bounded(divide(nano, 1000n, round));
}

/** `1.25`, `0.000001`, `3`: a decimal text without needless zeros. */
export function formatUsd(microUsd: number): string {
  const digits = String(microUsd).padStart(7, '0');
  const fraction = digits.slice(-6).replace(/0+$/, '');
  return fraction === '' ? digits.slice(0, -6) : `${digits.slice(0, -6)}.${fraction}`;
}

/** The sum of two amounts, or of two counts; it stops at `maxAmount`. */
export function sum(a: number, b: number): number {
  return Math.min(a + b, maxAmount);
}

export function bounded(amount: bigint): number {
  return amount > maxAmount ? maxAmount : Number(amount);
}

export function divide(amount: bigint, by: bigint, round: 'up' | 'down'): bigint {
  const quotient = amount / by;
  return round === 'up' && quotient * by !== amount ? quotient + 1n : quotient;
}
