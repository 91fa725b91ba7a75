import { changeControl } from '../control/change-control.ts';
import type { ControlDocument } from '../control/control-document.ts';
import { withMode } from '../control/control-edits.ts';
import { osIdentity } from '../facts/identity.ts';
import { recordChange, recordWithoutFail } from './control-record.ts';
import { worded } from './freeze.ts';
import { type Io, print, printJson, tell } from './io.ts';
import { operatorName, proveOperator } from './operator-proof.ts';
import type { ReadingOptions } from './options.ts';
import { findPlace, withStore } from './state.ts';

export interface ModeOptions extends ReadingOptions {
  readonly reason?: string;
}

interface Done {
  readonly rev: number;
  readonly by: string;
  readonly isRecorded: boolean;
}

/** Enforces everywhere, or goes back to what the config says. Going back loosens, so it takes what an approval takes. */
export async function setMode(
  io: Io,
  wanted: 'enforce' | 'config',
  options: ModeOptions,
): Promise<number> {
  const reason = worded('--reason', options.reason ?? '');
  const { rev, by, isRecorded } =
    wanted === 'enforce' ? await enforce(io, options, reason) : await loosen(io, options, reason);
  if (options.format === 'json') {
    printJson(io, { mode_override: overrideOf(wanted), rev, by, reason, journaled: isRecorded });
    return 0;
  }
  print(io, [
    wanted === 'enforce' ? 'every gate enforces' : 'every gate does what its config says',
  ]);
  if (!isRecorded) tell(io, 'the journal cannot be written: running gates write it once it can');
  return 0;
}

function overrideOf(wanted: 'enforce' | 'config'): ControlDocument['mode'] {
  return wanted === 'enforce' ? 'enforce' : null;
}

/** Nobody is asked who tightens. */
async function enforce(io: Io, options: ModeOptions, reason: string): Promise<Done> {
  const place = await findPlace(io, options);
  const by = osIdentity().scope;
  const { rev } = await changeControl(place.stateDir, (each) => withMode(each, 'enforce'));
  const { isRecorded } = await recordWithoutFail(place, fieldsOf('enforce', rev, by, reason));
  return { rev, by, isRecorded };
}

async function loosen(io: Io, options: ModeOptions, reason: string): Promise<Done> {
  const place = await findPlace(io, options);
  return withStore(place, 'create', async (store) => {
    const by = operatorName(await proveOperator(io, store, place));
    const { rev } = await changeControl(place.stateDir, (each) => withMode(each, null));
    const isRecorded = await recordChange(store, fieldsOf('config', rev, by, reason));
    return { rev, by, isRecorded };
  });
}

function fieldsOf(mode: 'enforce' | 'config', rev: number, by: string, reason: string) {
  return { change: 'mode', mode, rev, by, reason };
}
