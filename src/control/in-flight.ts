import type { CallScope } from '../core/call-scope.ts';
import { Crowd } from '../core/crowd.ts';
import type { Lifetime } from '../core/lifetime.ts';

/** Why the lifetime of a call ended that the operator stopped; servers read it in their cancellation. */
export const frozenReason = 'frozen';

interface InFlightCall {
  readonly scope: CallScope;
  readonly lifetime: Lifetime;
}

/**
 * The calls of one gate from their first decision to their answer, held ones included, so that a freeze can end them. Each
 * has a lifetime of its own: the caller of a call that was stopped still waits for an answer.
 */
export class InFlightCalls {
  readonly #calls = new Crowd<InFlightCall>();

  /** The returned function is to be called once the call has its answer. */
  enter(scope: CallScope, lifetime: Lifetime): () => void {
    const call = { scope, lifetime };
    this.#calls.enter(call);
    return () => void this.#calls.leave(call);
  }

  /** Ends the calls that match, with `frozenReason`; tells how many there were. */
  cancel(matches: (scope: CallScope) => boolean): number {
    const stopped = this.#calls.members().filter(({ scope }) => matches(scope));
    for (const call of stopped) {
      this.#calls.leave(call);
      call.lifetime.end(frozenReason);
    }
    return stopped.length;
  }
}

/** What the promise resolves with; undefined as soon as the operator stops the call. */
export function untilFrozen<T>(promise: Promise<T>, lifetime: Lifetime): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const release = lifetime.onEnd(() => {
      if (lifetime.ended === frozenReason) resolve(undefined);
    });
    promise.then(
      (value) => {
        release();
        resolve(value);
      },
      (reason) => {
        release();
        reject(reason);
      },
    );
  });
}
