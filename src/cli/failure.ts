import type { CommanderError } from 'commander';
import { describe, GateError, type GateErrorCode } from '../core/errors.ts';
import { describeFault, PolicyError } from '../policy/policy-error.ts';
import { type Io, painter, tell } from './io.ts';

/** A clear no to what was asked; every other error is wrong usage, configuration or surroundings. */
const negativeAnswers: ReadonlySet<GateErrorCode> = new Set([
  'not_found',
  'approval_refused',
  'policy_invalid',
]);

/** Tells people what went wrong and what to do, and gives the exit code: 1 for a negative answer, else 2. */
export function fail(io: Io, thrown: unknown): number {
  const paint = painter(io, io.stderr);
  tell(io, `${paint('red', 'error:')} ${describe(thrown)}`);
  if (!(thrown instanceof GateError)) return 2;
  if (thrown instanceof PolicyError) tellFaults(io, thrown);
  if (thrown.hint !== undefined) tell(io, `${paint('yellow', 'hint:')} ${thrown.hint}`);
  return negativeAnswers.has(thrown.code) ? 1 : 2;
}

// Some of these errors name their first fault already.
function tellFaults(io: Io, { message, faults }: PolicyError): void {
  for (const fault of faults.map(describeFault)) {
    if (!message.includes(fault)) tell(io, `  ${fault}`);
  }
}

const harmless = new Set(['commander.helpDisplayed', 'commander.version']);

/** The same for what commander found wrong with the words that follow `command`. */
export function failUsage(io: Io, error: CommanderError, command: string): number {
  if (harmless.has(error.code)) return 0;
  // A group without a subcommand has printed its help, to stderr.
  if (error.code === 'commander.help') return 2;
  const [first = '', second = ''] = error.message.replace(/^error: /, '').split('\n');
  const guess = /Did you mean (.+)\?/.exec(second)?.[1];
  const hint = guess === undefined ? `${command} --help` : `did you mean "${guess}"?`;
  const message = first
    .replaceAll("'", '"')
    .replace(/[<>]/g, '')
    .replace(/\.$/, '')
    .replace(/\. ([A-Z])/, (_, letter: string) => `; ${letter.toLowerCase()}`);
  return fail(io, new GateError('usage', message, { hint }));
}
