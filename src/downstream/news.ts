import type { FarMessage } from '../core/related.ts';
import type { Outlet } from './contract.ts';

/** From here on a client that reads slower than servers write is told no news, until half of it is read. */
export const newsLimitBytes = 8 * 1024 * 1024;
const pollMs = 100;

/**
 * What the client is told without having asked. It costs no memory beyond the limit: news that comes while too much is
 * unread is dropped, and how much that was is told afterwards, unless `isSilent`. What is told once only is kept.
 */
export class News {
  readonly #outlet: Outlet;
  readonly #isSilent: boolean;
  readonly #kept = new Map<string, FarMessage>();
  #dropped = 0;
  #poll: NodeJS.Timeout | undefined;

  constructor(outlet: Outlet, isSilent = false) {
    this.#outlet = outlet;
    this.#isSilent = isSilent;
  }

  tell(notification: FarMessage): void {
    if (this.#isRead()) {
      this.#outlet.notify(notification);
      return;
    }
    this.#dropped += 1;
    this.#wait();
  }

  /** The list changes that this method tells of are the same, however many there were. */
  tellChange(method: string): void {
    this.tellOnce(method, { method, params: undefined, extras: undefined });
  }

  /** Of the news under one key the last is as good as all; the keys are bounded by whoever makes them. */
  tellOnce(key: string, notification: FarMessage): void {
    if (this.#isRead()) {
      this.#outlet.notify(notification);
      return;
    }
    this.#kept.set(key, notification);
    this.#wait();
  }

  /** What was to be told under these keys is of no use any more. */
  forget(isForgotten: (key: string) => boolean): void {
    for (const key of this.#kept.keys()) if (isForgotten(key)) this.#kept.delete(key);
  }

  close(): void {
    clearInterval(this.#poll);
    this.#kept.clear();
  }

  #isRead(): boolean {
    return this.#poll === undefined && this.#outlet.pending <= newsLimitBytes;
  }

  #wait(): void {
    if (this.#poll !== undefined) return;
    this.#poll = setInterval(() => {
      if (this.#outlet.pending <= newsLimitBytes / 2) this.#resume();
    }, pollMs);
    this.#poll.unref();
  }

  #resume(): void {
    clearInterval(this.#poll);
    this.#poll = undefined;
    if (this.#dropped > 0 && !this.#isSilent) this.#outlet.notify(warning(this.#dropped));
    this.#dropped = 0;
    for (const notification of this.#kept.values()) this.#outlet.notify(notification);
    this.#kept.clear();
  }
}

function warning(dropped: number): FarMessage {
  const data = `${dropped} notifications were dropped, because the client read too slowly`;
  const params = { level: 'warning', logger: 'mcp-gate', data };
  return { method: 'notifications/message', params, extras: undefined };
}
