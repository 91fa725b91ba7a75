import { existsSync } from 'node:fs';
import { printable } from '../core/printable.ts';
import { configuredSecrets } from './configured-secrets.ts';
import type { ProcessExit } from './process.ts';
import type { ServerCommand } from './server-spec.ts';

const stderrCharacters = 200;

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

function quoted(line: string, command: ServerCommand): string {
  let text = line.trim();
  for (const secret of configuredSecrets(command)) text = text.replaceAll(secret, '…');
  return printable(text).slice(0, stderrCharacters);
}
