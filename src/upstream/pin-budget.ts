const hourMs = 3_600_000;

/** How much a server may add to the journal with definitions that are new or changed: it can make those up for ever. */
export class PinBudget {
  readonly #perHour: number;
  readonly #hours = new Map<string, { readonly sinceMs: number; taken: number }>();

  constructor(perHour: number) {
    this.#perHour = perHour;
  }

  /** How many of the `wanted` entries may be made; they count until they are given back. */
  take(server: string, wanted: number, nowMs: number): number {
    const hour = this.#hourOf(server, nowMs);
    const granted = Math.min(wanted, this.#perHour - hour.taken);
    hour.taken += granted;
    return granted;
  }

  /** For entries that could not be made. */
  giveBack(server: string, count: number): void {
    const hour = this.#hours.get(server);
    if (hour !== undefined) hour.taken = Math.max(0, hour.taken - count);
  }

  #hourOf(server: string, nowMs: number): { taken: number } {
    const known = this.#hours.get(server);
    // A clock that was set back starts an hour too, instead of one that may last for years.
    if (known !== undefined && nowMs >= known.sinceMs && nowMs - known.sinceMs < hourMs) {
      return known;
    }
    const hour = { sinceMs: nowMs, taken: 0 };
    this.#hours.set(server, hour);
    return hour;
  }
}
