import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { parseJson } from '../core/parse-json.ts';
import { isAlive, processStart } from '../core/process-start.ts';
import type { ControlState } from './control-file.ts';
import { replaceFile } from './durable-file.ts';

const folderName = 'gates';

const acknowledgement = z.object({
  pid: z.int().positive(),
  process_start: z.string().nullable(),
  /** Of the document that the gate has acted upon; null when it could not be read. */
  rev: z.int().nullable(),
  /** The ids in it: two writers without the lock may give two documents one revision. */
  freezes: z.array(z.string()),
});

/** A running gate, and what of the operator's document it has acted upon. */
export interface LiveGate {
  readonly instance: string;
  readonly pid: number;
  readonly rev: number | null;
  readonly freezes: readonly string[];
}

/** Says that this gate has acted upon the document: it needs no store, and nobody but the gate of that name writes it. */
export function acknowledge(dir: string, instance: string, state: ControlState): void {
  const { pid } = process;
  const said: z.infer<typeof acknowledgement> = {
    pid,
    process_start: processStart(pid) ?? null,
    rev: state.rev ?? null,
    freezes: state.freezes.map(({ id }) => id),
  };
  replaceFile(join(dir, folderName, `${instance}.json`), `${JSON.stringify(said)}\n`);
}

/** The gate is gone. */
export function withdraw(dir: string, instance: string): void {
  rmSync(join(dir, folderName, `${instance}.json`), { force: true });
}

/** Every gate that lives and is seen from here. */
export function liveGates(dir: string): readonly LiveGate[] {
  return names(join(dir, folderName)).flatMap((name): LiveGate[] => {
    const read = readAcknowledgement(join(dir, folderName, name));
    if (read === undefined || !lives(read.pid, read.process_start)) return [];
    const { pid, rev, freezes } = read;
    return [{ instance: name.replace(/\.json$/, ''), pid, rev, freezes }];
  });
}

/** Removes what gates that were killed left long ago; one that lives elsewhere, in a container, may only look dead. */
export function sweepGates(dir: string, nowMs: number): void {
  for (const name of names(join(dir, folderName))) {
    const file = join(dir, folderName, name);
    const read = readAcknowledgement(file);
    if (read !== undefined && lives(read.pid, read.process_start)) continue;
    if (nowMs - changedMs(file) > keptMs) rmSync(file, { force: true });
  }
}

const keptMs = 7 * 86_400_000;

function changedMs(file: string): number {
  try {
    return statSync(file).mtimeMs;
  } catch {
    // Another gate has removed it.
    return Number.POSITIVE_INFINITY;
  }
}

function lives(pid: number, recorded: string | null): boolean {
  if (!isAlive(pid)) return false;
  const started = processStart(pid);
  return recorded === null || started === undefined || recorded === started;
}

function names(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => /^[\w-]+\.json$/.test(name));
  } catch {
    // No gate has run here since gates say so.
    return [];
  }
}

function readAcknowledgement(file: string): z.infer<typeof acknowledgement> | undefined {
  try {
    return acknowledgement.safeParse(parseJson(readFileSync(file, 'utf8'))).data;
  } catch {
    // Gone by now, or nothing that a gate has written.
    return undefined;
  }
}
