import type { JsonObject } from '../core/json.ts';
import { shortened } from '../core/shortened.ts';
import type { PolicyChange } from '../policy/contract.ts';
import type { EntryKind, Tx } from '../store/contract.ts';
import type { Foundation } from './foundation.ts';
import type { SettingsChange } from './live-settings.ts';

/**
 * Journals what changes under the running gate: policies that come into force, with the bundle that replay will need, or
 * are refused, and modes that are switched. What cannot be written is logged; the change itself stands.
 */
export function journalChanges(on: Foundation, changed: () => void): void {
  on.policy.onChange((change) => {
    if (change.kind === 'rejected') on.log.error({ faults: change.faults }, 'policy was refused');
    record(on, (tx) => {
      if (change.kind === 'activated') tx.putBundle(change.bundle);
      append(on, tx, ...policyEntry(change));
    });
    changed();
  });
  on.onSettings((change) => {
    const faults = on.settings.faults();
    if (faults.length > 0) on.log.warn({ faults }, 'the config is not in force as it stands');
    const fields = change === undefined ? undefined : modeFields(change);
    if (fields !== undefined) record(on, (tx) => append(on, tx, 'control.changed', fields));
    changed();
  });
}

function policyEntry(change: PolicyChange): [EntryKind, JsonObject] {
  if (change.kind === 'rejected') {
    const faults = change.faults
      .slice(0, 20)
      .map((fault) => ({ ...fault, message: shortened(fault.message, 1000) }));
    return ['policy.rejected', { faults }];
  }
  const { id, revision, digest, engine } = change.version;
  return ['policy.activated', { policy: { id, revision, digest }, engine: { ...engine } }];
}

function modeFields({ before, after }: SettingsChange): JsonObject | undefined {
  const modes = (config: SettingsChange['after']): JsonObject => ({
    mode: config.mode,
    servers: Object.fromEntries(
      [...config.servers].map(([key, server]) => [key, server.gate.mode ?? config.mode]),
    ),
  });
  const [from, to] = [modes(before), modes(after)];
  return JSON.stringify(from) === JSON.stringify(to) ? undefined : { source: 'config', from, to };
}

function append(on: Foundation, tx: Tx, kind: EntryKind, fields: JsonObject): void {
  tx.append({ kind, timeMs: on.clock(), fields: { gate: on.instance, ...fields } });
}

function record({ store, log }: Foundation, work: (tx: Tx) => void): void {
  store.write('decision', work).catch((cause: unknown) => {
    log.warn({ err: cause }, 'a change could not be recorded');
  });
}
