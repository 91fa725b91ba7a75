import type { Delivery } from '../core/answer.ts';
import { rpcCode } from '../wire/rpc-error.ts';
import { emptyResult, madeError } from './made-delivery.ts';
import { subscriptionFault } from './subscriptions.ts';

interface Waiting {
  readonly uri: string;
  readonly resolve: (delivery: Delivery) => void;
}

/** The resources that news are wanted of, and who still waits to hear whether they are to be had. */
export class WantedResources {
  readonly #most: number;
  readonly #uris = new Set<string>();
  #waiting: readonly Waiting[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  get uris(): ReadonlySet<string> {
    return new Set(this.#uris);
  }

  /** Why there may not be one more; undefined when there may. */
  fault(uri: string): string | undefined {
    return this.#uris.has(uri) ? undefined : subscriptionFault(uri, this.#uris.size, this.#most);
  }

  has(uri: string): boolean {
    return this.#uris.has(uri);
  }

  add(uri: string): void {
    this.#uris.add(uri);
  }

  /** True when it was wanted. */
  remove(uri: string): boolean {
    return this.#uris.delete(uri);
  }

  wait(uri: string): Promise<Delivery> {
    return new Promise((resolve) => {
      this.#waiting = [...this.#waiting, { uri, resolve }];
    });
  }

  /** The server was asked for news of some, and will tell of some of those. */
  settle(asked: ReadonlySet<string>, told: ReadonlySet<unknown>): void {
    const wanted = this.uris;
    for (const waiting of this.#take(({ uri }) => asked.has(uri) || !wanted.has(uri))) {
      if (told.has(waiting.uri) || !wanted.has(waiting.uri)) waiting.resolve(emptyResult());
      else this.#fail(waiting, untold());
    }
  }

  /** What asked for these has failed, and none of those who wait for it wants it any more. */
  failed(asked: ReadonlySet<string>, delivery: Delivery): void {
    for (const waiting of this.#take(({ uri }) => asked.has(uri))) this.#fail(waiting, delivery);
  }

  close(reason: string): void {
    for (const { resolve } of this.#take(() => true)) resolve({ kind: 'lost', reason });
  }

  #take(isMeant: (waiting: Waiting) => boolean): readonly Waiting[] {
    const waiting = this.#waiting;
    this.#waiting = waiting.filter((each) => !isMeant(each));
    return waiting.filter(isMeant);
  }

  #fail({ uri, resolve }: Waiting, delivery: Delivery): void {
    this.#uris.delete(uri);
    resolve(delivery);
  }
}

/** What `resources/subscribe` is answered with where a server has no news. */
export function untold(): Delivery {
  const message = 'the server does not tell of changes of this resource';
  return madeError({ code: rpcCode.methodNotFound, message });
}
