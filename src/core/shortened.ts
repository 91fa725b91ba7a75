/**
 * The first `limit` UTF-16 units of a text that somebody else chose, well-formed: a cut may fall into the middle of a
 * surrogate pair, and what is left of it cannot be written as JSON.
 */
export function shortened(text: string, limit: number): string {
  return (text.length > limit ? text.slice(0, limit) : text).toWellFormed();
}
