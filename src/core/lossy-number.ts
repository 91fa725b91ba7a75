/** Fifteen significant decimal digits always survive a double. */
const safeDigits = 15;

/**
 * Whether the JSON number in `bytes`, whose digits and point end at `digitsEnd`, becomes another one when it is parsed and
 * written again: one beyond 2^53-1 that changes, an overflow to infinity, an underflow to zero. Rounded fractions of
 * smaller ones do not count. Compared is what would be written, because the next reader may have exact integers.
 */
export function isLossyNumber(bytes: Buffer, start: number, digitsEnd: number): boolean {
  const hasExponent = ((bytes[digitsEnd] ?? 0) | 0x20) === 0x65;
  if (digitsEnd - start <= safeDigits && !hasExponent) return false;
  const end = hasExponent ? exponentEnd(bytes, digitsEnd + 1) : digitsEnd;
  const token = bytes.toString('latin1', start, end);
  const value = Number(token);
  if (!Number.isFinite(value)) return true;
  if (value === 0) return decimal(token).digits !== '';
  if (Math.abs(value) <= Number.MAX_SAFE_INTEGER) return false;
  const said = decimal(token);
  if (said.digits.length <= safeDigits) return false;
  const kept = decimal(String(value));
  return said.digits !== kept.digits || said.exponent !== kept.exponent;
}

function exponentEnd(bytes: Buffer, from: number): number {
  let at = from;
  for (;;) {
    const byte = bytes[at] ?? 0;
    if ((byte < 0x30 || byte > 0x39) && byte !== 0x2b && byte !== 0x2d) return at;
    at += 1;
  }
}

/** The magnitude as `digits * 10^exponent`, without leading or trailing zeros; zero has no digits. */
function decimal(token: string): { readonly digits: string; readonly exponent: number } {
  const [mantissa = '', power = '0'] = token.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const all = whole + fraction;
  // Loops, not regular expressions: a hostile run of zeros must not cost more than its length.
  let from = 0;
  while (all[from] === '0') from += 1;
  let to = all.length;
  while (to > from && all[to - 1] === '0') to -= 1;
  return {
    digits: all.slice(from, to),
    exponent: Number(power) - fraction.length + all.length - to,
  };
}
