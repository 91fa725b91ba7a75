const quote = 0x22;
const backslash = 0x5c;

/** Strings are mostly shorter than the price of a search call. */
const shortBytes = 48;

/** The offset behind the closing quote of the string that opens at `start`, or -1. Never looks at a byte twice. */
export function stringEnd(bytes: Buffer, start: number): number {
  let at = start + 1;
  while (at < bytes.length) {
    const near = Math.min(bytes.length, at + shortBytes);
    while (at < near) {
      const byte = bytes[at];
      if (byte === quote) return at + 1;
      at += byte === backslash ? 2 : 1;
    }
    const found = bytes.indexOf(quote, at);
    if (found === -1) return -1;
    if (!isEscaped(bytes, at, found)) return found + 1;
    at = found + 1;
  }
  return -1;
}

/** Whether an odd number of backslashes stands before `at`; `from` is never inside an escape. */
function isEscaped(bytes: Buffer, from: number, at: number): boolean {
  let before = at;
  while (before > from && bytes[before - 1] === backslash) before -= 1;
  return (at - before) % 2 === 1;
}
