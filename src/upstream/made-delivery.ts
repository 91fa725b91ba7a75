import type { Delivery, RpcError } from '../core/answer.ts';
import { composeResponse } from '../wire/raw-response.ts';

// What the gate answers on behalf of a server that is not to be asked; whoever relays it puts in an id of its own.

export function emptyResult(): Delivery {
  return { kind: 'answered', response: composeResponse({ result: {} }, 0, 'result') };
}

export function madeError({ code, message }: RpcError): Delivery {
  return { kind: 'answered', response: composeResponse({ error: { code, message } }, 0, 'error') };
}

export function isResult(delivery: Delivery): boolean {
  return delivery.kind === 'answered' && delivery.response.kind === 'result';
}
