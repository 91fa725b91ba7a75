import type { FarMessage } from '../../core/related.ts';
import type { Outlet } from '../contract.ts';
import type { EventStream } from './event-stream.ts';
import { notificationText } from './reply-text.ts';

/** Waits at most for a client that has not opened its stream yet. */
const waitingMessages = 64;
const waitingBytes = 256 * 1024;

/**
 * What belongs to no request of a session goes to its GET stream. Until the client has opened one, questions wait, and
 * their cancellations; that a list has changed is told once; other news is dropped.
 */
export class SessionOutlet implements Outlet {
  readonly #stream: EventStream;
  readonly #changes = new Set<string>();
  #waiting: string[] = [];
  #waitingBytes = 0;

  constructor(stream: EventStream) {
    this.#stream = stream;
  }

  get pending(): number {
    return this.#stream.pending;
  }

  /** The client has opened its stream. */
  opened(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    for (const text of waiting) this.#stream.send(text);
    for (const text of this.#changes) this.#stream.send(text);
    this.#changes.clear();
  }

  notify(notification: FarMessage): void {
    const text = notificationText(notification);
    if (this.#stream.isRead()) this.#stream.send(text);
    else if (notification.method.endsWith('/list_changed')) this.#changes.add(text);
    else if (notification.method === 'notifications/cancelled') this.#wait(text);
  }

  request(text: string): void {
    if (this.#stream.isRead()) this.#stream.send(text);
    else this.#wait(text);
  }

  // Each answer has the outlet of its request (MCP 2025-11-25, Listening for Messages, 4).
  reply(): void {}

  refuse(): void {}

  #wait(text: string): void {
    if (this.#waiting.length >= waitingMessages) return;
    if (this.#waitingBytes + text.length > waitingBytes) return;
    this.#waiting.push(text);
    this.#waitingBytes += text.length;
  }
}
