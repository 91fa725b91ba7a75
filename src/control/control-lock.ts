import { linkSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import * as z from 'zod';
import { randomBytes } from '../core/ids.ts';
import { parseJson } from '../core/parse-json.ts';
import { isAlive, processStart } from '../core/process-start.ts';
import { createFile } from './durable-file.ts';

/** Held by one process at a time. It orders writers and protects nobody from one that was stopped while it held it. */
export interface ControlLock {
  isMine(): boolean;
  release(): void;
}

const owner = z.object({ pid: z.int().positive(), process_start: z.string().nullable() });

/** A lock that nobody can read was left by a crash once it is so old. */
const unreadableMs = 5_000;

/** Undefined when it could not be had in time; one whose owner is gone is taken over. */
export async function takeLock(path: string, patienceMs: number): Promise<ControlLock | undefined> {
  const { pid } = process;
  const nonce = randomBytes(8).toString('hex');
  const text = JSON.stringify({ pid, process_start: processStart(pid) ?? null, nonce });
  const deadline = performance.now() + patienceMs;
  for (;;) {
    if (isCreated(path, text)) {
      return { isMine: () => textOf(path) === text, release: () => release(path, text) };
    }
    if (performance.now() >= deadline) return undefined;
    const found = textOf(path);
    if (found !== undefined && isLeft(path, found)) takeAway(path, found, nonce);
    await pause(2 + Math.random() * 10);
  }
}

// Where it cannot be made, the change itself will say what is wrong.
function isCreated(path: string, text: string): boolean {
  try {
    return createFile(path, text);
  } catch {
    return false;
  }
}

function release(path: string, text: string): void {
  if (textOf(path) === text) rmSync(path, { force: true });
}

function isLeft(path: string, text: string): boolean {
  const parsed = ownerOf(text);
  if (parsed === undefined) return ageMs(path) > unreadableMs;
  const { pid, process_start: recorded } = parsed;
  if (!isAlive(pid)) return true;
  const started = processStart(pid);
  return recorded !== null && started !== undefined && recorded !== started;
}

// Moved aside before it is looked at again, so that no lock is removed that somebody has taken meanwhile.
function takeAway(path: string, left: string, nonce: string): void {
  const aside = `${path}.${nonce}`;
  try {
    renameSync(path, aside);
    if (textOf(aside) !== left) linkSync(aside, path);
  } catch {
    // Somebody else was faster, or has a new lock by now.
  } finally {
    rmSync(aside, { force: true });
  }
}

function ownerOf(text: string): z.infer<typeof owner> | undefined {
  try {
    return owner.safeParse(parseJson(text)).data;
  } catch {
    return undefined;
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function ageMs(path: string): number {
  try {
    return Date.now() - statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}
