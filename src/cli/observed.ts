import type { Ruling } from '../enforcement/decide.ts';
import type { Outcome } from '../policy/decision.ts';

/** What decisions that did not bind would have come to, since this gate started. */
export class Observed {
  readonly #counts = new Map<Outcome, number>();

  count({ enforced, decision }: Ruling): void {
    if (enforced) return;
    this.#counts.set(decision.outcome, (this.#counts.get(decision.outcome) ?? 0) + 1);
  }

  /** Empty where every decision has bound. */
  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }
}
