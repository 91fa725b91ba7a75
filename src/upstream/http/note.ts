import { httpBounds } from './bounds.ts';
import type { ExchangeTaker, HttpRequest, ResponseHead } from './exchange.ts';
import type { HttpClient } from './http-client.ts';
import { ReplyReader, type ReplyTaker } from './reply-reader.ts';

export interface NoteEvents {
  /** The server has accepted it; the rest of the response follows. */
  onOpen?(): void;
  /** Servers may answer a note with messages all the same. */
  onMessage(message: Buffer): void;
  onTaken(): void;
  onRefused(head: ResponseHead, body: Buffer): void;
  onFailed(reason: string): void;
}

/** Sends a message that gets no answer: a notification, or an answer to the server. */
export function sendNote(client: HttpClient, request: HttpRequest, events: NoteEvents): void {
  const taker: ReplyTaker = {
    onOpen: () => events.onOpen?.(),
    onMessage: (message) => events.onMessage(message),
    onId: () => {},
    onRetry: () => {},
    onEnd: () => events.onTaken(),
    onRefused: (head, body) => events.onRefused(head, body),
    onUnusable: (reason) => events.onFailed(reason),
    onFailed: (reason) => events.onFailed(reason),
  };
  const reader: ExchangeTaker = new ReplyReader(taker, client.limits);
  client.send({ ...request, timeoutMs: httpBounds.noteMs }, reader);
}
