import type { Answer } from './answer.ts';
import type { JsonObject } from './json.ts';
import type { Lifetime } from './lifetime.ts';

/** A request or notification as the far side wrote it, without its id: everything in it is that side's word. */
export interface FarMessage {
  readonly method: string;
  readonly params: JsonObject | undefined;
  readonly extras: JsonObject | undefined;
}

/** What a far side says under a method. */
export type Said = Omit<FarMessage, 'method'>;

/** How a request goes on, in the far side's words; `extras` stand beside the params. */
export type HearProgress = (params: JsonObject, extras?: JsonObject) => void;

/** What the far side says while it works on one request, beside progress; whoever sent the request takes it. */
export interface Related {
  /** Whose request it is: one object for all that one client sends, as far as it is known to be one. */
  readonly client: object;
  /** It asks for something. `lifetime` ends when it no longer wants an answer; `reply` may be called once. */
  ask(
    server: string,
    request: FarMessage,
    lifetime: Lifetime,
    reply: (answer: Answer) => void,
  ): void;
  /** It tells something: its log. */
  tell(server: string, notification: FarMessage): void;
}
