import { cut } from '../../approval/view/wrap.ts';
import { printable } from '../../core/printable.ts';
import type { ApprovalRow } from '../../store/approval-contract.ts';
import type { Io } from '../io.ts';

type Way = 'osc9' | 'osc777' | 'bell';

/** What terminals are known to make a desktop notification of, by the name that they give themselves; others ring. */
const programs: Readonly<Record<string, Way>> = {
  'iTerm.app': 'osc9',
  WezTerm: 'osc777',
  WarpTerminal: 'osc9',
  ghostty: 'osc777',
};
const terms: Readonly<Record<string, Way>> = {
  'xterm-kitty': 'osc9',
  'xterm-ghostty': 'osc777',
  foot: 'osc777',
  'foot-extra': 'osc777',
};

/** Between two notices at least: an agent that asks for a lot rings once. */
const pauseMs = 3_000;
const mostColumns = 80;

/** A terminal within a terminal passes nothing on that it does not know. */
function wayOf({ env, stdout }: Io): Way | undefined {
  if (stdout.isTTY !== true || env['TERM'] === 'dumb') return undefined;
  const term = env['TERM'] ?? '';
  if (env['TMUX'] !== undefined || /^(screen|tmux)/.test(term)) return 'bell';
  const program = env['TERM_PROGRAM'] ?? '';
  if (Object.hasOwn(programs, program)) return programs[program];
  return Object.hasOwn(terms, term) ? terms[term] : 'bell';
}

/**
 * Tells the person at this terminal of calls that have begun to wait. Only words of ours and the names of server and tool
 * go out, without anything that a terminal would act on: never what is in a call.
 */
export function terminalNotice(io: Io, clock: () => number) {
  const way = wayOf(io);
  let quietUntilMs = 0;
  return (opened: readonly ApprovalRow[]): void => {
    const newest = opened.at(-1);
    if (way === undefined || newest === undefined || clock() < quietUntilMs) return;
    quietUntilMs = clock() + pauseMs;
    io.stdout.write(sequences[way](textOf(newest, opened.length)));
  };
}

const sequences: Readonly<Record<Way, (text: string) => string>> = {
  osc9: (text) => `\x1b]9;mcp-gate: ${text}\x07`,
  osc777: (text) => `\x1b]777;notify;mcp-gate;${text}\x07`,
  bell: () => '\x07',
};

// A semicolon would begin another part of the sequence.
function textOf({ server, tool }: ApprovalRow, count: number): string {
  const call = cut(printable(`${server}/${tool}`), mostColumns).replaceAll(';', ',');
  return count === 1 ? `a call waits: ${call}` : `${count} calls wait, the newest: ${call}`;
}
