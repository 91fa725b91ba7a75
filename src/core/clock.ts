/** Time as the gate reads it; a test hands in its own. Milliseconds since the Unix epoch. */
export type Clock = () => number;

export const systemClock: Clock = Date.now;

let lastMs = Number.NaN;
let lastText = '';

/** RFC 3339 in UTC with milliseconds. The last one is kept: one call asks for the same moment several times. */
export function timestamp(ms: number): string {
  if (ms !== lastMs) {
    lastText = new Date(ms).toISOString();
    lastMs = ms;
  }
  return lastText;
}
