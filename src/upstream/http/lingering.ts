import type { Abortable } from './exchange.ts';

/** Responses that have brought all they were asked for and are not closed yet: they may end by themselves for a while. */
export class Lingering {
  readonly #forMs: number;
  /** In the order in which their time is over. */
  readonly #untilMs = new Map<Pick<Abortable, 'abort'>, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(forMs: number) {
    this.#forMs = forMs;
  }

  add(response: Pick<Abortable, 'abort'>): void {
    this.#untilMs.set(response, performance.now() + this.#forMs);
    this.#watch();
  }

  delete(response: Pick<Abortable, 'abort'>): void {
    this.#untilMs.delete(response);
  }

  abortAll(): void {
    clearTimeout(this.#timer);
    for (const response of this.#untilMs.keys()) response.abort();
    this.#untilMs.clear();
  }

  /** One timer serves all. */
  #watch(): void {
    const [first] = this.#untilMs.values();
    if (this.#timer !== undefined || first === undefined) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#abortOld();
        this.#watch();
      },
      Math.max(1, first - performance.now()),
    );
    this.#timer.unref();
  }

  #abortOld(): void {
    const now = performance.now();
    for (const [response, untilMs] of this.#untilMs) {
      if (untilMs > now) return;
      this.#untilMs.delete(response);
      response.abort();
    }
  }
}
