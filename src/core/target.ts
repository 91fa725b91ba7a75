import type { Answer, Delivery } from './answer.ts';
import type { Lifetime } from './lifetime.ts';
import type { HearProgress, Related } from './related.ts';
import type { Caller, ForwardedRequest, ToolCall } from './tool-call.ts';

export interface SendOptions {
  /** Its end is passed on: as `notifications/cancelled`, or by closing the stream of the request. */
  readonly lifetime: Lifetime;
  /** Given: the far side gets a progress token, and every progress notification for it arrives here. */
  readonly onProgress: HearProgress | undefined;
  /** Absent where nobody could answer or would listen. */
  readonly related: Related | undefined;
}

/**
 * One hop that requests can be sent over: a connection to a tool server, or the session of the client for requests
 * that servers start. `send` writes the request in the same tick and never throws or rejects: what went wrong is in
 * the `Delivery`. Answers keep the order in which the far side wrote them, behind its progress notifications.
 */
export interface Target {
  send(request: ForwardedRequest, options: SendOptions): Promise<Delivery>;
}

/**
 * The gate, as a face sees it: decides the call, holds it if need be, runs it on the target, and never rejects. `target`
 * is asked in the tick of the dispatch, for a server may have been started anew while a call waited, and for the call that
 * runs: policy may have put another in the place of the one that was asked for.
 */
export type Decide = (
  call: ToolCall,
  caller: Caller,
  target: (call: ToolCall) => Target | undefined,
) => Promise<Answer>;
