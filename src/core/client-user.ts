import type { Lifetime } from './lifetime.ts';

/** How the person at a client can be asked something. */
export type AskMode = 'form' | 'url';

/** What came of it, as the client tells it: it may have answered by itself, so it proves nothing. */
export type UserSaid = 'accept' | 'decline' | 'cancel';

/** An address to open, or a form with one yes or no. */
export type UserQuestion =
  | { readonly mode: 'url'; readonly message: string; readonly url: string }
  | { readonly mode: 'form'; readonly message: string };

/** The person at a client that can be asked at any time, and not only in the answer to a request of its own. */
export interface ClientUser {
  /** What the client says that it can show. */
  readonly modes: readonly AskMode[];
  /** Ends with the client's session. */
  readonly lifetime: Lifetime;
  /**
   * `id` names the question between gate and client. Never rejects; undefined when the client gave no answer that can be
   * understood. The end of `lifetime` takes the question back.
   */
  ask(id: string, question: UserQuestion, lifetime: Lifetime): Promise<UserSaid | undefined>;
  /** What an address was for is over. */
  completed(id: string): void;
}
