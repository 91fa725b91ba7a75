import { changeControl } from '../control/change-control.ts';
import type { Freeze } from '../control/control-document.ts';
import { withoutFreezes } from '../control/control-edits.ts';
import { createControl } from '../control/control-file.ts';
import { GateError } from '../core/errors.ts';
import { recordChange } from './control-record.ts';
import { worded } from './freeze.ts';
import { scopeWords } from './freeze-words.ts';
import { type Io, print, printJson, tell } from './io.ts';
import { operatorName, proveOperator } from './operator-proof.ts';
import type { ReadingOptions } from './options.ts';
import { findPlace, type Place, withStore } from './state.ts';

export interface UnfreezeOptions extends ReadingOptions {
  readonly all?: boolean;
  readonly reason: string;
}

/** Lifts what was frozen. It loosens, so it takes a reason and what an approval takes. */
export async function unfreeze(
  io: Io,
  id: string | undefined,
  options: UnfreezeOptions,
): Promise<number> {
  const reason = reasonIn(options);
  const place = await findPlace(io, options);
  return withStore(place, 'create', async (store) => {
    const by = operatorName(await proveOperator(io, store, place));
    const lifted = meantBy(place, id, options);
    const ids = new Set(lifted.map((each) => each.id));
    const { rev } = await changeControl(place.stateDir, (each) => withoutFreezes(each, ids));
    const freezes = lifted.map((each) => ({ ...each }));
    const fields = { change: 'unfreeze', freezes, rev, by, reason };
    const isRecorded = await recordChange(store, fields);
    if (options.format === 'json') {
      printJson(io, { lifted: freezes, rev, by, reason, journaled: isRecorded });
      return 0;
    }
    print(
      io,
      lifted.map((each) => `${each.id}  lifted: ${scopeWords(each)}`),
    );
    if (!isRecorded) tell(io, 'the journal cannot be written: running gates write it once it can');
    return 0;
  });
}

function reasonIn({ reason }: UnfreezeOptions): string {
  if (reason.trim() !== '') return worded('--reason', reason);
  throw new GateError('usage', '"--reason" is empty', { hint: 'say why it may go on' });
}

function meantBy(
  { stateDir }: Place,
  id: string | undefined,
  { all = false }: UnfreezeOptions,
): readonly Freeze[] {
  if ((id === undefined) !== all) {
    throw new GateError('usage', 'expected the id of a freeze, or --all', {
      hint: 'mcp-gate status',
    });
  }
  const { rev, freeze, freezes } = createControl(stateDir).current();
  if (rev === undefined && freeze !== undefined) {
    throw new GateError('control_unreadable', freeze, {
      hint: 'every gate is stopped until it can be read; correct it by hand',
    });
  }
  const meant = all ? freezes : freezes.filter((each) => each.id === id);
  if (meant.length > 0) return meant;
  throw new GateError('not_found', all ? 'nothing is frozen' : `no freeze "${id}"`, {
    hint: 'mcp-gate status',
  });
}
