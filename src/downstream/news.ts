import type { FarMessage } from '../core/related.ts';
import type { Outlet } from './contract.ts';

/** From here on a client that reads slower than servers write is told no news, until half of it is read. */
export const newsLimitBytes = 8 * 1024 * 1024;
const pollMs = 100;

/**
 * What the client is told without having asked. It costs no memory beyond the limit: news that comes while too much is
 * unread is dropped, and how much that was is told afterwards. That a list has changed is kept, for it is told once only.
 */
export class News {
  readonly #outlet: Outlet;
  readonly #changes = new Set<string>();
  #dropped = 0;
  #poll: NodeJS.Timeout | undefined;

  constructor(outlet: Outlet) {
    this.#outlet = outlet;
  }

  tell(notification: FarMessage): void {
    if (this.#poll === undefined && this.#outlet.pending <= newsLimitBytes) {
      this.#outlet.notify(notification);
      return;
    }
    this.#dropped += 1;
    this.#wait();
  }

  /** The list changes that this method tells of are the same, however many there were. */
  tellChange(method: string): void {
    if (this.#poll === undefined && this.#outlet.pending <= newsLimitBytes) {
      this.#outlet.notify(plain(method));
      return;
    }
    this.#changes.add(method);
    this.#wait();
  }

  close(): void {
    clearInterval(this.#poll);
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
    if (this.#dropped > 0) this.#outlet.notify(warning(this.#dropped));
    this.#dropped = 0;
    for (const method of this.#changes) this.#outlet.notify(plain(method));
    this.#changes.clear();
  }
}

function warning(dropped: number): FarMessage {
  const data = `${dropped} notifications were dropped, because the client read too slowly`;
  const params = { level: 'warning', logger: 'mcp-gate', data };
  return { method: 'notifications/message', params, extras: undefined };
}

function plain(method: string): FarMessage {
  return { method, params: undefined, extras: undefined };
}
