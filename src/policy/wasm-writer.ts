export type Bytes = Uint8Array | readonly number[];

/** A number from 0 as modules write lengths, counts and indices. */
export function unsigned(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value % 0x80) + 0x80, ...unsigned(Math.floor(value / 0x80))];
}

/** A number from 0 as modules write constants, which have a sign. */
export function signed(value: number): readonly number[] {
  return value < 0x40 ? [value] : [(value % 0x80) + 0x80, ...signed(Math.floor(value / 0x80))];
}

export function joined(parts: readonly Bytes[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((size, { length }) => size + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Preceded by its own length. */
export function sized(parts: readonly Bytes[]): Uint8Array {
  const content = joined(parts);
  return joined([unsigned(content.length), content]);
}
