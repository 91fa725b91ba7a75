import type { IncomingMessage } from 'node:http';
import { rpcCode } from '../../wire/rpc-error.ts';
import type { ByteBudget } from './budget.ts';
import { Pieces } from './pieces.ts';
import { type Refusal, refusal } from './refusal.ts';

export interface BodyLimits {
  readonly bodyBytes: number;
  /** Shared by all bodies that are being read. */
  readonly budget: ByteBudget;
}

/** Reads a whole body, joined once. One of the two is called, once, unless the client goes before the end. */
export function readBody(
  req: IncomingMessage,
  { bodyBytes, budget }: BodyLimits,
  onBody: (body: Buffer) => void,
  onRefused: (refusal: Refusal) => void,
): void {
  const length = req.headers['content-length'];
  if (length !== undefined && Number(length) > bodyBytes) {
    onRefused(tooLarge(bodyBytes));
    return;
  }
  let pieces = new Pieces();
  let size = 0;
  let open = true;
  const close = (): void => {
    open = false;
    pieces = new Pieces();
    budget.give(size);
    size = 0;
  };
  const fail = (reason: Refusal): void => {
    close();
    onRefused(reason);
  };
  req.on('data', (chunk: Buffer) => {
    if (!open) return;
    if (size + chunk.length > bodyBytes) {
      fail(tooLarge(bodyBytes));
      return;
    }
    if (!budget.take(chunk.length)) {
      fail(busy);
      return;
    }
    pieces.add(chunk);
    size += chunk.length;
  });
  req.on('end', () => {
    if (!open) return;
    const body = pieces.whole();
    close();
    onBody(body);
  });
  req.on('close', () => open && close());
  // The client went away in the middle of it: nobody is left to tell.
  req.on('error', () => {});
}

const busy = refusal(503, 'too many large requests at once', ['Retry-After', '1']);

function tooLarge(limit: number): Refusal {
  const message = `message is too large: over ${limit} bytes`;
  return refusal(413, message, undefined, rpcCode.tooLarge);
}
