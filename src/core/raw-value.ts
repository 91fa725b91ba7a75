import type { RawResponse } from './answer.ts';

/** The response with another text for its result or error; everything around that stays as it was written. */
export function withValue(
  response: RawResponse,
  parts: readonly Buffer[],
  resultType: string | undefined,
): RawResponse {
  const { line, id, value } = response;
  const written = Buffer.concat([line.subarray(0, value[0]), ...parts, line.subarray(value[1])]);
  const shift = written.length - line.length;
  return {
    ...response,
    line: written,
    id: id[0] < value[0] ? id : [id[0] + shift, id[1] + shift],
    value: [value[0], value[1] + shift],
    resultType,
  };
}
