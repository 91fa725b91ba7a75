/** A part of a text, in UTF-16 units: its first, and the one behind its last. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * Finds one class of data in text that somebody hostile wrote. The spans are whole values, in order, and do not overlap.
 * The time is linear in the length of the text, whatever stands in it; nothing is remembered, and nothing is thrown. What
 * a far side disguises in a way of its own is not found: a detector knows the forms in which people write such data.
 */
export interface Detector {
  /** Dotted, from the general to the special; a prefix names all detectors below it. */
  readonly class: string;
  find(text: string): readonly Span[];
}
