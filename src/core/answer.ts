import type { Held } from './held.ts';
import type { JsonObject } from './json.ts';

/** Byte offsets of a value in its message: first byte, and the byte behind the last. */
export type Span = readonly [start: number, end: number];

/**
 * A response exactly as the far side wrote it: one JSON text without a line break, with the spans of its `id` and of
 * its `result` or `error`. It is not parsed further; whoever relays it puts another id into the span.
 */
export interface RawResponse {
  readonly line: Buffer;
  readonly id: Span;
  readonly value: Span;
  readonly kind: 'result' | 'error';
  /** A tool result that says `isError: true`. */
  readonly isError: boolean;
  /**
   * What a result says under `resultType` (MCP 2026-07-28); undefined where it says nothing, and '' where that is nothing
   * that anybody knows. Of somebody who speaks the legacy era it is never more than `complete`.
   */
  readonly resultType: string | undefined;
}

/** A JSON-RPC error object. */
export interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data?: JsonObject;
}

/** What goes back for one request. */
export type Answer =
  | { readonly kind: 'relayed'; readonly response: RawResponse; readonly later?: Later }
  | Made
  | Refused;

/** A result of the gate's own. */
export interface Made {
  readonly kind: 'made';
  readonly result: JsonObject;
  /** What the next request of the caller must bring along, sealed. */
  readonly held?: Held;
  readonly later?: Later;
}

/** What its server says later of a call that goes on as a task, as it may be passed on; undefined when nothing of it may. */
export type Later = (response: RawResponse) => Answer | undefined;

export interface Refused {
  readonly kind: 'refused';
  readonly error: RpcError;
  /** It was refused for want of room, and may be served after so many seconds. */
  readonly retryAfterS?: number;
}

/** An answer, or the text of a result that was written before. */
export type Reply = Answer | { readonly kind: 'text'; readonly text: string };

/** What came of a request that was to be put on the wire. */
export type Delivery =
  | { readonly kind: 'answered'; readonly response: RawResponse }
  /** It was written, nothing came back, and the far side may or may not have acted. */
  | { readonly kind: 'lost'; readonly reason: string }
  /** It was never written to the far side, or refused there before anybody looked at what it asks for. */
  | { readonly kind: 'unsent'; readonly reason: string };
