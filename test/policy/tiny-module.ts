type Bytes = readonly number[];

/** A length under 128 in front. */
const sized = (bytes: Bytes): Bytes => [bytes.length, ...bytes];
const section = (id: number, ...elements: Bytes[]): Bytes => [
  id,
  ...unsigned(elements.flat().length + 1),
  elements.length,
  ...elements.flat(),
];
const text = (value: string): Bytes => sized([...Buffer.from(value)]);
const unsigned = (value: number): Bytes =>
  value < 128 ? [value] : [(value % 128) + 128, value >> 7];

export const header: Bytes = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

/**
 * A module that exports "run", which does `code` between locals of every type. Function 0 is the host's, 1 is "run", 2 does
 * nothing. Types: 0 () -> (), 1 (i32) -> (i32). Global 0 is the host's, 1 is its own and exported as "own".
 */
export function tinyModule(code: Bytes): Uint8Array {
  const locals = [6, 1, 0x7f, 1, 0x7e, 1, 0x7d, 1, 0x7c, 1, 0x70, 1, 0x6f];
  return Uint8Array.from([
    ...header,
    ...section(1, [0x60, 0, 0], [0x60, 1, 0x7f, 1, 0x7f]),
    ...section(
      2,
      [...text('host'), ...text('call'), 0, 0],
      [...text('host'), ...text('global'), 3, 0x7f, 0],
      [...text('host'), ...text('memory'), 2, 1, 1, 4],
    ),
    ...section(3, [0], [0]),
    ...section(4, [0x70, 0, 2]),
    ...section(6, [0x7f, 1, 0x41, 7, 0x0b]),
    ...section(7, [...text('run'), 0, 1], [...text('own'), 3, 1]),
    ...section(9, [1, 0, 1, 2]),
    ...[12, 1, 1],
    ...section(
      10,
      [...unsigned(code.length + locals.length + 1), ...locals, ...code, 0x0b],
      [2, 0, 0x0b],
    ),
    ...section(11, [1, ...sized([1, 2, 3, 4])]),
    ...[0, ...sized([...text('note'), 9, 9])],
  ]);
}
