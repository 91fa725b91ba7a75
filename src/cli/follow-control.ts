import { acknowledge, sweepGates, withdraw } from '../control/acknowledgement.ts';
import type { Freeze } from '../control/control-document.ts';
import type { ControlState } from '../control/control-file.ts';
import { watchControl } from '../control/control-watch.ts';
import type { JsonObject } from '../core/json.ts';
import type { Foundation } from './foundation.ts';

export interface FollowedControl {
  /** Writes what is still to be journaled, if it can. The store is closed after it. */
  close(): Promise<void>;
  /** Nothing of this gate is left: nobody waits for it any more. */
  gone(): void;
}

type Changed = (what: { readonly mode: boolean }) => void;

const retryMs = 1_000;
/** What one entry says at most; the document has the rest. */
const freezesLimit = 50;

/**
 * Acts upon what the operator demands of this gate, acknowledges it, and journals that it was seen, as soon as the
 * journal can be written: the command that demanded it may not have been able to.
 */
export function followControl(on: Foundation, changed: Changed): FollowedControl {
  const { control, inFlight, instance, log } = on;
  const { stateDir } = on.config;
  let { mode } = control.current();
  const journal = new ControlJournal(on);
  sweepGates(stateDir, on.clock());
  const watch = watchControl({
    control,
    inFlight,
    acknowledge: (state) => acknowledge(stateDir, instance, state),
    onChange: (state) => {
      journal.observed(state);
      changed({ mode: state.mode !== mode });
      mode = state.mode;
    },
    warn: (message, cause) => log.warn({ err: cause }, message),
  });
  return {
    close: () => {
      watch.close();
      return journal.close();
    },
    gone: () => withdraw(stateDir, instance),
  };
}

interface Observed {
  readonly timeMs: number;
  readonly fields: JsonObject;
}

class ControlJournal {
  readonly #on: Foundation;
  #known: readonly Freeze[] | undefined;
  #pending: Observed[] = [];
  #retry: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;

  constructor(on: Foundation) {
    this.#on = on;
  }

  observed(state: ControlState): void {
    const { freeze, freezes, mode } = state;
    const known = this.#known;
    this.#known = freezes;
    const demandsNothing = freeze === undefined && freezes.length === 0 && mode === undefined;
    // A start under a document that demands nothing is no news.
    if (known === undefined && demandsNothing) return;
    const fields = observedFields(state, known ?? []);
    this.#pending.push({ timeMs: this.#on.clock(), fields });
    this.#flush();
  }

  async close(): Promise<void> {
    clearTimeout(this.#retry);
    this.#flush();
    await this.#writing;
    clearTimeout(this.#retry);
  }

  #flush(): void {
    if (this.#writing !== undefined || this.#pending.length === 0) return;
    const { store, instance, log } = this.#on;
    const batch = [...this.#pending];
    this.#writing = store
      .write('decision', (tx) => {
        for (const { timeMs, fields } of batch) {
          tx.append({ kind: 'control.observed', timeMs, fields: { gate: instance, ...fields } });
        }
      })
      .then(
        () => {
          this.#pending = this.#pending.slice(batch.length);
          this.#writing = undefined;
          this.#flush();
        },
        (cause: unknown) => {
          log.warn({ err: cause }, 'what the operator demands could not be journaled yet');
          this.#writing = undefined;
          this.#retry = setTimeout(() => this.#flush(), retryMs).unref();
        },
      );
  }
}

function observedFields(state: ControlState, known: readonly Freeze[]): JsonObject {
  const { rev, freeze, freezes, mode } = state;
  const newest = freezes.findLast(({ id }) => known.every((each) => each.id !== id));
  return {
    rev: rev ?? null,
    frozen: freeze ?? null,
    by: newest?.by ?? null,
    reason: newest?.reason ?? null,
    freezes: freezes.slice(-freezesLimit).map((each) => ({ ...each })),
    count: freezes.length,
    mode: mode ?? null,
  };
}
