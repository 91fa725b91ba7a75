import type { Control, ControlState } from './control-file.ts';
import type { InFlightCalls } from './in-flight.ts';

interface ControlWatchParts {
  readonly control: Control;
  readonly inFlight: InFlightCalls;
  /** Says that the calls in scope are ended; may throw, and is asked again a second later. */
  readonly acknowledge: (state: ControlState) => void;
  readonly onChange: (state: ControlState) => void;
  readonly warn: (message: string, cause: unknown) => void;
  readonly pollMs?: number;
}

const defaultPollMs = 50;
const retryMs = 1_000;

/**
 * Looks at the operator's document beside the check that every decision makes, so that a freeze also ends what was let
 * through before it: at once when it is opened, then with a `stat` every 50 ms. It acknowledges after everything in
 * scope has ended, never before.
 */
export function watchControl(parts: ControlWatchParts): { close(): void } {
  const watch = new ControlWatch(parts);
  watch.look();
  const timer = setInterval(() => watch.look(), parts.pollMs ?? defaultPollMs).unref();
  return { close: () => clearInterval(timer) };
}

class ControlWatch {
  readonly #parts: ControlWatchParts;
  #last: ControlState | undefined;
  #seen = '';
  #isDoubted = false;
  /** When to acknowledge again what could not be acknowledged. */
  #owedMs: number | undefined;

  constructor(parts: ControlWatchParts) {
    this.#parts = parts;
  }

  look(): void {
    const state = this.#parts.control.current();
    if (this.#isSettled(state) && state !== this.#last) this.#take(state);
    if (this.#owedMs !== undefined && performance.now() >= this.#owedMs) this.#acknowledge();
  }

  // An editor may be half-way through the file: new calls are refused meanwhile, those that run end at the second look.
  #isSettled(state: ControlState): boolean {
    const isBroken = state.rev === undefined && state.freeze !== undefined;
    const isSettled = !isBroken || this.#isDoubted || this.#last === undefined;
    this.#isDoubted = isBroken;
    return isSettled;
  }

  #take(state: ControlState): void {
    this.#last = state;
    const seen = JSON.stringify([state.rev, state.freeze, state.freezes, state.mode]);
    if (seen === this.#seen) return;
    this.#seen = seen;
    const { control, inFlight, onChange } = this.#parts;
    inFlight.cancel((scope) => control.frozen(scope) !== undefined);
    this.#acknowledge();
    onChange(state);
  }

  #acknowledge(): void {
    if (this.#last === undefined) return;
    try {
      this.#parts.acknowledge(this.#last);
      this.#owedMs = undefined;
    } catch (thrown) {
      if (this.#owedMs === undefined) {
        this.#parts.warn('this gate could not acknowledge what the operator demands', thrown);
      }
      this.#owedMs = performance.now() + retryMs;
    }
  }
}
