import type { AskMode } from './client-user.ts';
import type { JsonObject } from './json.ts';

/** A call that waits for a person, as its caller takes it along from one request to the next. */
export interface Held {
  readonly approvalId: string;
  /** What the approval is bound to, its expiry included: no other approval is meant. */
  readonly binding: string;
  /** How many requests have waited for it. */
  readonly round: number;
  /** How its user was asked about it in one of those answers, so that nobody is asked again. */
  readonly asked?: AskMode;
}

/** A caller that can send its request again while the call waits. */
export interface Rounds {
  /** What this request goes on with; undefined for the first one. */
  readonly held: Held | undefined;
  /** It has declared something that it could be asked for in such an answer. */
  readonly answersInput: boolean;
  /** What its user can be asked in such an answer, as it declares. */
  readonly modes: readonly AskMode[];
  /** What it answers, by the key that it was asked under: a client's word. */
  readonly said: JsonObject;
}
