import type { JsonObject } from '../core/json.ts';
import { isRunning } from '../core/process-start.ts';
import type { InstanceRow, Store } from '../store/contract.ts';
import { type Place, withStore } from './state.ts';

/** Journals what an operator has changed; false when it cannot be written: running gates then do as soon as they can. */
export async function recordChange(store: Store, fields: JsonObject): Promise<boolean> {
  try {
    await store.write('decision', (tx) => {
      const timeMs = Date.now();
      tx.append({ kind: 'control.changed', timeMs, fields: { source: 'operator', ...fields } });
    });
    return true;
  } catch {
    // The change stands all the same: it is told to the operator.
    return false;
  }
}

interface Recorded {
  readonly isRecorded: boolean;
  /** The gates that the store knows to run. */
  readonly running: readonly InstanceRow[];
}

/** The same where there may be no store, or none that can be opened. */
export async function recordWithoutFail(place: Place, fields: JsonObject): Promise<Recorded> {
  try {
    return await withStore(place, 'create', async (store) => ({
      isRecorded: await recordChange(store, fields),
      running: runningIn(store),
    }));
  } catch {
    return { isRecorded: false, running: [] };
  }
}

function runningIn(store: Store): readonly InstanceRow[] {
  try {
    return store.instances().filter(isRunning);
  } catch {
    // A damaged file: the gates are known by what they have acknowledged.
    return [];
  }
}
