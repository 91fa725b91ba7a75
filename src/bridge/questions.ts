import type { Delivery } from '../core/answer.ts';
import { isObject, type JsonObject } from '../core/json.ts';
import type { Lifetime } from '../core/lifetime.ts';
import type { ForwardedRequest } from '../core/tool-call.ts';
import { withoutReserved } from '../wire/reserved-meta.ts';
import { untyped } from '../wire/result-type.ts';
import { inputRequest } from './question-words.ts';
import { resultResponse } from './result-bytes.ts';

interface Open {
  readonly request: JsonObject;
  readonly settle: (delivery: Delivery) => void;
}

/** What one call has asked its client and got no answer to yet, by the key that the client answers under. */
export class Questions {
  readonly #open = new Map<string, Open>();
  #next = 1;

  get size(): number {
    return this.#open.size;
  }

  /** Resolves with what the client says, whenever that is. */
  put(request: ForwardedRequest, lifetime: Lifetime): Promise<Delivery> {
    if (lifetime.ended !== undefined) {
      return Promise.resolve({ kind: 'unsent', reason: lifetime.ended });
    }
    const key = String(this.#next);
    this.#next += 1;
    return new Promise((resolve) => {
      const leave = lifetime.onEnd(() => this.#lose(key, lifetime.ended ?? ''));
      const settle = (delivery: Delivery): void => {
        this.#open.delete(key);
        leave();
        resolve(delivery);
      };
      this.#open.set(key, { request: inputRequest(request), settle });
    });
  }

  /** All that are open, as `inputRequests`. */
  requests(): JsonObject {
    return Object.fromEntries([...this.#open].map(([key, { request }]) => [key, request]));
  }

  /** Hands every answer to its question; what answers none is not looked at, what is missing stays open. */
  answer(responses: JsonObject): void {
    for (const [key, { settle }] of [...this.#open]) {
      const result = Object.hasOwn(responses, key) ? responses[key] : undefined;
      if (!isObject(result)) continue;
      // It answers a legacy server, and neither as the gate nor with a type of its own.
      const response = resultResponse(untyped(withoutReserved(result)));
      settle({ kind: 'answered', response });
    }
  }

  loseAll(reason: string): void {
    for (const key of [...this.#open.keys()]) this.#lose(key, reason);
  }

  #lose(key: string, reason: string): void {
    this.#open.get(key)?.settle({ kind: 'lost', reason });
  }
}
