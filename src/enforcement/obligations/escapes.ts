const escapeSequence = /\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt]))/g;
const shortEscapes: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** A text with the escapes of JSON resolved once, wherever they stand. */
export interface Unescaped {
  readonly text: string;
  /** The place in the text with escapes of a place in this one. */
  source(at: number): number;
}

/** Undefined when there is nothing to resolve. */
export function unescaped(text: string): Unescaped | undefined {
  if (!text.includes('\\')) return undefined;
  const pieces: string[] = [];
  // Where each escape stands once it is resolved, and by how much the text was longer up to its end.
  const places: number[] = [];
  const offsets: number[] = [];
  let behind = 0;
  let shorter = 0;
  for (const { 0: sequence, 1: hex, 2: short = '', index } of text.matchAll(escapeSequence)) {
    const meant =
      hex === undefined
        ? (shortEscapes[short] ?? short)
        : String.fromCharCode(Number.parseInt(hex, 16));
    pieces.push(text.slice(behind, index), meant);
    behind = index + sequence.length;
    places.push(index - shorter);
    shorter += sequence.length - 1;
    offsets.push(shorter);
  }
  if (places.length === 0) return undefined;
  pieces.push(text.slice(behind));
  return {
    text: pieces.join(''),
    source: (at) => at + (offsets[countBefore(places, at) - 1] ?? 0),
  };
}

/** How many of the ascending numbers are less. */
function countBefore(places: readonly number[], at: number): number {
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((places[middle] ?? 0) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}
