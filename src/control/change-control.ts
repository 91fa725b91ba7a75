import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { LowSync } from 'lowdb';
import { GateError } from '../core/errors.ts';
import {
  type ControlDocument,
  controlBytesLimit,
  controlFileName,
  documentText,
  noControl,
  parseControl,
} from './control-document.ts';
import { type ControlLock, takeLock } from './control-lock.ts';
import { replaceFile } from './durable-file.ts';

/** A freeze must not wait for a writer that hangs: after this it goes on without the lock. */
const lockPatienceMs = 1_000;
/** Writers without the lock look so often whether their change still stands. */
const looks = 3;
const attemptsLimit = 200;

/**
 * Changes the operator's document and resolves with one in which the change stands. `edit` gives the same object back when
 * nothing is left to change, and may be asked again: whoever writes at the same time is read and built upon, never replaced.
 * Throws `control_unreadable` instead of replacing a document that it does not understand.
 */
export async function changeControl(
  dir: string,
  edit: (document: ControlDocument) => ControlDocument,
): Promise<ControlDocument> {
  const path = join(dir, controlFileName);
  const lock = await takeLock(join(dir, 'control.lock'), lockPatienceMs);
  try {
    return await untilItStands(path, edit, lock);
  } finally {
    lock?.release();
  }
}

async function untilItStands(
  path: string,
  edit: (document: ControlDocument) => ControlDocument,
  lock: ControlLock | undefined,
): Promise<ControlDocument> {
  const isMine = lock?.isMine ?? (() => false);
  let stood = 0;
  for (let attempt = 1; attempt <= attemptsLimit; attempt += 1) {
    const standing = attemptOnce(path, edit);
    stood = standing === undefined ? 0 : stood + 1;
    if (standing !== undefined && (isMine() || stood >= looks)) return standing;
    // Long enough for another writer to finish what it has read before.
    if (!isMine() && stood > 0) await pause(20 + Math.random() * 30);
  }
  throw new GateError('control_unreadable', `"${path}" is changed by others again and again`, {
    hint: stopByHand(path),
  });
}

/** The document when nothing is left to change; otherwise it was written, or somebody else was faster: look again. */
function attemptOnce(
  path: string,
  edit: (document: ControlDocument) => ControlDocument,
): ControlDocument | undefined {
  let found: string | undefined;
  const file = new LowSync<ControlDocument>(
    {
      read: () => {
        found = textOf(path);
        return found === undefined ? null : documentIn(path, found);
      },
      write: (data) => {
        replaceFile(path, sized(path, documentText(data)), () => textOf(path) === found);
      },
    },
    noControl,
  );
  // lowdb keeps its defaults for null, so null means that there is no file, never that there is an unreadable one.
  file.read();
  const before = file.data;
  const after = edit(before);
  if (after === before) return before;
  file.data = { ...after, rev: before.rev + 1 };
  file.write();
  return undefined;
}

function documentIn(path: string, text: string): ControlDocument {
  const document = parseControl(text);
  if (document !== undefined) return document;
  throw new GateError('control_unreadable', `"${path}" is not a control document`, {
    hint: `every gate is stopped until it is one; correct it by hand, or replace it by ${JSON.stringify(noControl)}`,
  });
}

function sized(path: string, text: string): string {
  if (Buffer.byteLength(text) <= controlBytesLimit) return text;
  throw new GateError('usage', `"${path}" would be longer than ${controlBytesLimit} bytes`, {
    hint: `lift freezes that are over, or freeze more at once; ${stopByHand(path)}`,
  });
}

function stopByHand(path: string): string {
  return `to stop every gate, remove "${path}"`;
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    if (isMissing) return undefined;
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): GateError {
  const hint = 'every gate is stopped until it can';
  return new GateError('control_unreadable', `"${path}" cannot be read`, { cause, hint });
}
