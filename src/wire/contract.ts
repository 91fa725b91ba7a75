import type { RawResponse, RpcError } from '../core/answer.ts';
import type { JsonObject } from '../core/json.ts';

/** A JSON-RPC request id; the wire's text of it is `JSON.stringify(id)`. */
export type RequestId = string | number;

/**
 * One line from the other side. Requests and notifications are parsed strictly (`parseStrict`), because something may be
 * decided on them; a response stays raw, because most need nothing but another id. `extras` are the members beside those
 * that JSON-RPC names: nobody here reads them, and they are forwarded.
 */
export type Incoming =
  | IncomingRequest
  | IncomingNotification
  | { readonly kind: 'response'; readonly id: RequestId; readonly response: RawResponse }
  | InvalidMessage;

/** What nobody may act on. The error goes back where the line came from, unless the line was a response. */
export interface InvalidMessage {
  readonly kind: 'invalid';
  /** The request that the line would have been, as far as it can be told. */
  readonly id: RequestId | null;
  /** The request of ours that the line would have answered: it gets no other answer. */
  readonly answers: RequestId | null;
  readonly error: RpcError;
}

export interface IncomingRequest {
  readonly kind: 'request';
  readonly id: RequestId;
  readonly method: string;
  readonly params: JsonObject | undefined;
  readonly extras: JsonObject | undefined;
}

export interface IncomingNotification {
  readonly kind: 'notification';
  readonly method: string;
  readonly params: JsonObject | undefined;
  readonly extras: JsonObject | undefined;
}

/** Where lines go: small ones of one tick leave in one write; after `end` or a broken pipe nothing more is written. */
export interface LineWriter {
  /** One message as JSON text, without a line break. */
  write(text: string): void;
  /** A raw response with `idText` in place of its id. */
  relay(response: RawResponse, idText: string): void;
  end(): void;
  /** About how many bytes the far side has not taken yet: what bounds a slow reader. */
  readonly pending: number;
}
