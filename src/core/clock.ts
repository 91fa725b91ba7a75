/** Time as the gate reads it; a test hands in its own. Milliseconds since the Unix epoch. */
export type Clock = () => number;

export const systemClock: Clock = Date.now;

/** RFC 3339 in UTC with milliseconds. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString();
}
