import type { Delivery } from '../core/answer.ts';
import { Lifetime } from '../core/lifetime.ts';
import type { Target } from '../core/target.ts';
import { emptyResult, isResult } from './made-delivery.ts';
import { type Subscriptions, subscriptionFault } from './subscriptions.ts';

const subscribed: Promise<Delivery> = Promise.resolve(emptyResult());

/** By `resources/subscribe` and `resources/unsubscribe`. */
export class LegacySubscriptions implements Subscriptions {
  readonly #target: Target;
  readonly #most: number;
  /** What the server says to each; an empty result once it has agreed. */
  readonly #answers = new Map<string, Promise<Delivery>>();

  constructor(target: Target, most: number) {
    this.#target = target;
    this.#most = most;
  }

  subscribe(uri: string, wanted: boolean): Promise<Delivery> {
    if (wanted) return this.#add(uri);
    // Asked for all the same where this knows of none: a request of a client may have been passed on as it was.
    this.#answers.delete(uri);
    return this.#ask('resources/unsubscribe', uri);
  }

  close(): void {
    this.#answers.clear();
  }

  async #add(uri: string): Promise<Delivery> {
    const known = this.#answers.get(uri);
    if (known !== undefined) return known;
    const reason = subscriptionFault(uri, this.#answers.size, this.#most);
    if (reason !== undefined) return { kind: 'unsent', reason };
    const asked = this.#ask('resources/subscribe', uri);
    this.#answers.set(uri, asked);
    const answer = await asked;
    if (this.#answers.get(uri) !== asked) return answer;
    if (isResult(answer)) this.#answers.set(uri, subscribed);
    else this.#answers.delete(uri);
    return answer;
  }

  #ask(method: string, uri: string): Promise<Delivery> {
    const none = { meta: undefined, argumentsText: undefined, extras: undefined };
    return this.#target.send(
      { method, fields: { uri }, ...none },
      { lifetime: new Lifetime(), onProgress: undefined, related: undefined },
    );
  }
}
