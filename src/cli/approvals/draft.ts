import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, GateError } from '../../core/errors.ts';
import type { Io } from '../io.ts';

const prefix = 'edit-';
const forgottenMs = 86_400_000;

/** A text that a person edits. */
export interface Draft {
  /** Opens the editor on the text as it stands, and gives what was saved. */
  edit(): Promise<Buffer>;
}

/**
 * Lends a text to an editor, in a folder that is its own, inside the state folder: what is in there no tool call reaches.
 * The folder is gone when `work` is over, and when the process is told to end; what a kill leaves behind goes with the next
 * draft, a day later.
 */
export async function withDraft<T>(
  io: Io,
  stateDir: string,
  text: string,
  work: (draft: Draft) => Promise<T>,
): Promise<T> {
  const editor = editorOf(io);
  sweep(stateDir);
  const folder = mkdtempSync(join(stateDir, prefix));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  let running: ReturnType<typeof spawn> | undefined;
  const end = (signal: NodeJS.Signals) => {
    running?.kill(signal);
    remove();
    release();
    process.kill(process.pid, signal);
  };
  // Control-C at the terminal is for the editor; to us alone it means the end, as ever.
  const interrupted = () => {
    if (running === undefined) end('SIGINT');
  };
  const release = () => {
    process.off('exit', remove).off('SIGTERM', end).off('SIGHUP', end).off('SIGINT', interrupted);
  };
  process.on('exit', remove).on('SIGTERM', end).on('SIGHUP', end).on('SIGINT', interrupted);
  try {
    const file = join(folder, 'arguments.json');
    writeFileSync(file, text, { mode: 0o600, flag: 'wx' });
    const edit = async () => {
      running = open(io, editor, file);
      try {
        await finished(running, editor);
      } finally {
        running = undefined;
      }
      return readSaved(file);
    };
    return await work({ edit });
  } finally {
    release();
    remove();
  }
}

/** More than any arguments may have; whatever writes that is no editor. */
const maxSavedBytes = 16 * 1_048_576;

function readSaved(file: string): Buffer {
  const size = statSync(file, { throwIfNoEntry: false })?.size;
  if (size === undefined) throw new GateError('usage', 'the editor left no file');
  if (size <= maxSavedBytes) return readFileSync(file);
  throw new GateError('usage', `the editor saved ${size} bytes, expected at most ${maxSavedBytes}`);
}

function editorOf({ env }: Io): string {
  const named = [env['VISUAL'], env['EDITOR']].find((each) => each !== undefined && each !== '');
  if (named !== undefined) return named;
  throw new GateError('usage', 'no editor is set: expected one in $VISUAL or $EDITOR', {
    hint: 'EDITOR=nano mcp-gate approve ID --edit, or --edit-file FILE',
  });
}

// The variable may hold options, so a shell reads it, as for git. What is written on the terminal does not go to stdout, and
// nobody's credential goes to an editor and its extensions.
function open({ env, cwd }: Io, editor: string, file: string) {
  const { MCP_GATE_APPROVER: _, ...others } = env;
  const options = { cwd, env: others, stdio: ['inherit', 2, 2] satisfies ('inherit' | number)[] };
  return process.platform === 'win32'
    ? spawn(`${editor} "${file}"`, { ...options, shell: true })
    : spawn('/bin/sh', ['-c', `${editor} "$@"`, editor, file], options);
}

function finished(child: ReturnType<typeof spawn>, editor: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const hint = 'nothing was decided; set another one in $VISUAL or $EDITOR';
    child.once('error', (cause) => {
      const message = `editor "${editor}" cannot be started: ${describe(cause)}`;
      reject(new GateError('usage', message, { hint, cause }));
    });
    child.once('exit', (code, signal) => {
      if (code === 0) resolve();
      else {
        const got = signal ?? `code ${code}`;
        reject(
          new GateError('usage', `editor "${editor}" ended with ${got}, expected 0`, { hint }),
        );
      }
    });
  });
}

function sweep(stateDir: string): void {
  for (const name of readdirSync(stateDir)) {
    const folder = join(stateDir, name);
    if (!name.startsWith(prefix)) continue;
    // Another person's may be gone by now.
    const madeMs = statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (Date.now() - madeMs >= forgottenMs) rmSync(folder, { recursive: true, force: true });
  }
}
