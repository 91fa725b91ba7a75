import type { RawResponse } from '../../core/answer.ts';
import type { LineWriter } from '../../wire/contract.ts';

/** The way of answers to what a server asks: one message each. */
export function replyWriter(tell: (text: string | Buffer) => void): LineWriter {
  return {
    write: tell,
    relay: (response, idText) => tell(withId(response, idText)),
    end: () => {},
    pending: 0,
  };
}

function withId({ line, id }: RawResponse, idText: string): Buffer {
  return Buffer.concat([line.subarray(0, id[0]), Buffer.from(idText), line.subarray(id[1])]);
}
