/** What a header holds as it is: visible ASCII and spaces, none of them at an end. */
const plain = /^(?:[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)?$/;
const encoded = /^=\?base64\?.*\?=$/;

/** A text of a request as the value of a header that mirrors it (MCP 2026-07-28, Streamable HTTP, value encoding). */
export function headerValue(text: string): string {
  if (plain.test(text) && !encoded.test(text)) return text;
  return `=?base64?${Buffer.from(text, 'utf8').toString('base64')}?=`;
}
