import { setTimeout as pause } from 'node:timers/promises';
import { type LiveGate, liveGates } from '../control/acknowledgement.ts';
import { changeControl } from '../control/change-control.ts';
import type { Freeze } from '../control/control-document.ts';
import { withFreeze } from '../control/control-edits.ts';
import { timestamp } from '../core/clock.ts';
import { GateError } from '../core/errors.ts';
import { randomBytes } from '../core/ids.ts';
import { isRunning } from '../core/process-start.ts';
import { osIdentity } from '../facts/identity.ts';
import { recordWithoutFail } from './control-record.ts';
import { scopeWords } from './freeze-words.ts';
import { type Io, painter, print, printJson, tell } from './io.ts';
import type { ReadingOptions } from './options.ts';
import { findPlace, type Place } from './state.ts';

export interface FreezeOptions extends ReadingOptions {
  readonly server?: string;
  readonly tool?: string;
  readonly subject?: string;
  readonly reason?: string;
}

/** How long gates have to say that they have stopped. */
const patienceMs = 2_000;
const lookMs = 20;

interface Stopped {
  readonly acknowledged: readonly LiveGate[];
  readonly silent: readonly { readonly instance: string; readonly pid: number }[];
  readonly isRecorded: boolean;
}

/** Stops what is named, in every gate of the state folder; 1 when one of them did not say in time that it has. */
export async function freeze(io: Io, options: FreezeOptions): Promise<number> {
  const place = await findPlace(io, options);
  const made = freezeOf(options);
  warnOfUnknown(io, place, made);
  const { rev } = await changeControl(place.stateDir, (document) => withFreeze(document, made));
  const stopped = await untilStopped(place, made, rev);
  if (options.format === 'json') printJson(io, stoppedJson(made, rev, stopped));
  else {
    print(io, [`${made.id}  stops ${scopeWords(made)}`]);
    tellStopped(io, stopped);
  }
  return stopped.silent.length > 0 ? 1 : 0;
}

function freezeOf({ server, tool, subject, reason }: FreezeOptions): Freeze {
  return {
    id: `fz_${randomBytes(5).toString('hex')}`,
    server: named('--server', server),
    tool: named('--tool', tool),
    subject: named('--subject', subject),
    reason: worded('--reason', reason ?? ''),
    by: osIdentity().scope,
    at: timestamp(Date.now()),
  };
}

function named(option: string, name: string | undefined): string | null {
  if (name === undefined) return null;
  // A variable that was empty in a script must not look like a freeze of something.
  if (name !== '') return worded(option, name);
  throw new GateError('usage', `"${option}" is empty`, {
    hint: `leave out ${option} to stop every one`,
  });
}

const textLimit = 1_000;

export function worded(option: string, text: string): string {
  if (text.length <= textLimit) return text.toWellFormed();
  throw new GateError(
    'usage',
    `"${option}" has ${text.length} characters, expected at most ${textLimit}`,
  );
}

// It may be the server of another config of the folder, so it is said and not refused.
function warnOfUnknown(io: Io, { config }: Place, { server }: Freeze): void {
  if (server === null || config === undefined || config.servers.has(server)) return;
  const known = [...config.servers.keys()].join(', ');
  tell(io, `no server "${server}" stands in "${config.file}", which has: ${known}`);
}

/** The journal may be locked or broken: nobody waits for it longer than for the gates. */
async function untilStopped(place: Place, made: Freeze, rev: number): Promise<Stopped> {
  const { id, ...others } = made;
  const fields = { change: 'freeze', freeze: id, rev, ...others };
  const recording = recordWithoutFail(place, fields);
  await untilSeen(place, made, rev);
  const { isRecorded, running } = await recording;
  const gates = liveGates(place.stateDir);
  const heard = new Set(gates.map(({ instance }) => instance));
  const silent = gates.filter((gate) => !hasSeen(gate, made, rev));
  const unheard = running.filter((row) => !heard.has(row.id) && isRunning(row));
  return {
    acknowledged: gates.filter((gate) => hasSeen(gate, made, rev)),
    silent: [...silent, ...unheard.map(({ id: instance, pid }) => ({ instance, pid }))],
    isRecorded,
  };
}

async function untilSeen({ stateDir }: Place, made: Freeze, rev: number): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (liveGates(stateDir).some((gate) => !hasSeen(gate, made, rev))) {
    if (performance.now() >= deadline) return;
    await pause(lookMs);
  }
}

// A later document may not have it any more.
function hasSeen(gate: LiveGate, { id }: Freeze, rev: number): boolean {
  return gate.freezes.includes(id) || (gate.rev !== null && gate.rev > rev);
}

function stoppedJson(made: Freeze, rev: number, { acknowledged, silent, isRecorded }: Stopped) {
  const said = (isAcknowledged: boolean) => (gate: { instance: string; pid: number }) => ({
    instance: gate.instance,
    pid: gate.pid,
    acknowledged: isAcknowledged,
  });
  return {
    ...made,
    rev,
    gates: [...acknowledged.map(said(true)), ...silent.map(said(false))],
    journaled: isRecorded,
  };
}

function tellStopped(io: Io, { acknowledged, silent, isRecorded }: Stopped): void {
  const paint = painter(io, io.stderr);
  const count = acknowledged.length;
  if (count + silent.length === 0) tell(io, 'no gate is running: it holds for those that start');
  else tell(io, `${count} ${count === 1 ? 'gate has' : 'gates have'} stopped it`);
  for (const { pid, instance } of silent) {
    tell(
      io,
      paint('red', `gate ${pid} has not said so within ${patienceMs / 1000} s (${instance})`),
    );
  }
  if (!isRecorded) {
    tell(io, paint('yellow', 'the journal cannot be written: running gates write it once it can'));
  }
}
