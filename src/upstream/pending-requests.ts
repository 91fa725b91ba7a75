import type { Answer, Delivery, RawResponse } from '../core/answer.ts';
import { Passing } from '../core/passing.ts';
import type { HearProgress, Related, Said } from '../core/related.ts';
import { rpcCode } from '../wire/rpc-error.ts';

export interface PendingRequest {
  readonly resolve: (delivery: Delivery) => void;
  readonly onProgress: HearProgress | undefined;
  /** Stops listening for the end of the caller's lifetime. */
  readonly release: () => void;
  /** Takes what the server asks and tells meanwhile, until the request is cancelled. */
  readonly related?: Related | undefined;
  /** It stays open for as long as the session does: nobody waits for its answer. */
  readonly isStanding?: boolean;
}

/**
 * The requests that were written and not answered yet, by their id on this hop. Each is settled exactly once. One that was
 * cancelled stays for a late answer, and is lost when none comes in time: one timer serves all of those.
 */
export class PendingRequests {
  readonly #lateAnswerMs: number;
  readonly #waiting = new Passing<number, PendingRequest>();
  readonly #standing = new Set<number>();
  /** In the order in which their requests were sent. */
  readonly #related = new Passing<number, Related>();
  /** Whose the cancelled ones are: the server may not have heard of it yet. */
  readonly #cancelledOf = new Map<number, object>();
  #cancelled: { readonly id: number; readonly untilMs: number; readonly reason: string }[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(lateAnswerMs: number) {
    this.#lateAnswerMs = lateAnswerMs;
  }

  /** Those that are to be answered. */
  get size(): number {
    return this.#waiting.size - this.#standing.size;
  }

  add(id: number, request: PendingRequest): void {
    this.#waiting.set(id, request);
    if (request.related !== undefined) this.#related.set(id, request.related);
    if (request.isStanding === true) this.#standing.add(id);
  }

  /**
   * Who takes a question that names no request: the newest of those that take anything, as long as one client sent all of
   * them. Otherwise nobody is asked: it would be a guess whose user sees it.
   */
  get askedRelated(): Related | undefined {
    const newest = this.#related.values().at(-1);
    if (newest === undefined) return undefined;
    return this.#clients.size === 1 ? newest : severalClients;
  }

  /** Of the only request that takes anything. */
  get soleRelated(): Related | undefined {
    return this.#related.size === 1 && this.#clients.size === 1 ? this.askedRelated : undefined;
  }

  get #clients(): ReadonlySet<object> {
    const own = this.#related.values().map(({ client }) => client);
    return new Set([...own, ...this.#cancelledOf.values()]);
  }

  has(id: number): boolean {
    return this.#waiting.has(id);
  }

  /** False when nobody waits for this answer. */
  answer(id: number, response: RawResponse): boolean {
    return this.#settle(id, { kind: 'answered', response });
  }

  lose(id: number, reason: string): boolean {
    return this.#settle(id, { kind: 'lost', reason });
  }

  /** It was never written, or refused unread: nothing can have come of it. */
  unsent(id: number, reason: string): boolean {
    return this.#settle(id, { kind: 'unsent', reason });
  }

  progress(token: number, { params = {}, extras }: Said): void {
    this.#waiting.get(token)?.onProgress?.(params, extras);
  }

  cancel(id: number, reason: string): void {
    const related = this.#related.get(id);
    if (related !== undefined) this.#cancelledOf.set(id, related.client);
    this.#related.delete(id);
    this.#cancelled.push({ id, untilMs: performance.now() + this.#lateAnswerMs, reason });
    this.#watch();
  }

  loseAll(reason: string): void {
    clearTimeout(this.#timer);
    this.#cancelled = [];
    for (const id of this.#waiting.keys()) this.lose(id, reason);
  }

  /** One that would have stayed open is over; no other may be ended like this. */
  loseStanding(id: number, reason: string): void {
    if (this.#standing.has(id)) this.lose(id, reason);
  }

  /** All that are to be answered are lost. */
  loseAnswers(reason: string): void {
    for (const id of this.#waiting.keys()) {
      if (!this.#standing.has(id)) this.lose(id, reason);
    }
  }

  #settle(id: number, delivery: Delivery): boolean {
    const request = this.#waiting.get(id);
    if (request === undefined) return false;
    this.#waiting.delete(id);
    this.#related.delete(id);
    this.#cancelledOf.delete(id);
    this.#standing.delete(id);
    request.release();
    request.resolve(delivery);
    return true;
  }

  /** The bound is the same for all, so the first that was cancelled is the first whose time is over. */
  #watch(): void {
    const [first] = this.#cancelled;
    if (this.#timer !== undefined || first === undefined) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#expire();
        this.#watch();
      },
      Math.max(1, first.untilMs - performance.now()),
    );
    this.#timer.unref();
  }

  #expire(): void {
    const now = performance.now();
    while (this.#cancelled[0] !== undefined && this.#cancelled[0].untilMs <= now) {
      const over = this.#cancelled.shift();
      if (over !== undefined) this.lose(over.id, `no answer after cancellation: ${over.reason}`);
    }
  }
}

const severalClients: Related = {
  client: {},
  ask: (_server, _request, _lifetime, reply) => reply(unclear),
  tell: () => {},
};

const unclear: Answer = {
  kind: 'refused',
  error: {
    code: rpcCode.unavailable,
    message:
      'calls of several clients are under way, and the question says of none: nobody was asked',
  },
};
