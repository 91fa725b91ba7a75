import { existsSync } from 'node:fs';
import { printable } from '../core/printable.ts';
import type { ProcessExit } from './process.ts';
import type { ServerCommand } from './server-spec.ts';

const stderrCharacters = 200;
/** Shorter values are words that a message may well contain. */
const secretCharacters = 8;

/** Why a server is not there, in words for `status`: what it printed last says most, but for what it was given to keep. */
export function exitReason(
  exit: ProcessExit,
  command: ServerCommand,
  lastStderr: string | undefined,
): string {
  if (exit.kind === 'unstarted') return unstartedReason(exit.error, command);
  const how = exit.code === null ? `was ended by ${exit.signal}` : `exited with code ${exit.code}`;
  const line = lastStderr === undefined ? '' : quoted(lastStderr, command);
  return line === '' ? how : `${how}: ${line}`;
}

function unstartedReason(error: unknown, { command, cwd }: ServerCommand): string {
  const code =
    typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown';
  if (code === 'ENOENT') {
    return existsSync(cwd) ? `command "${command}" not found` : `folder "${cwd}" not found`;
  }
  if (code === 'EACCES') return `command "${command}" may not be run`;
  return `command "${command}" could not be started: ${code}`;
}

function quoted(line: string, { env }: ServerCommand): string {
  let text = line.trim();
  for (const value of Object.values(env)) {
    if (value.length >= secretCharacters) text = text.replaceAll(value, '…');
  }
  return printable(text).slice(0, stderrCharacters);
}
