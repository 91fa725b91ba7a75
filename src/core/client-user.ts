import type { Lifetime } from './lifetime.ts';

/** How the person at a client can be asked something. */
export type AskMode = 'form' | 'url';

/** What came of it, as the client tells it: it may have answered by itself, so it proves nothing. */
export type UserSaid = 'accept' | 'decline' | 'cancel';

/** An address to open. */
export interface UrlQuestion {
  /** Names the question between the gate and this client. */
  readonly id: string;
  readonly message: string;
  readonly url: string;
}

/** The person at a client that can be asked at any time, and not only in the answer to a request of its own. */
export interface ClientUser {
  /** What the client says that it can show. */
  readonly modes: readonly AskMode[];
  /** Ends with the client's session. */
  readonly lifetime: Lifetime;
  /** Never rejects; undefined when the client gave no answer that can be understood. The end of `lifetime` takes it back. */
  ask(question: UrlQuestion, lifetime: Lifetime): Promise<UserSaid | undefined>;
  /** What the address was for is over. */
  completed(id: string): void;
}
