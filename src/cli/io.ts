import type { Readable, Writable } from 'node:stream';
import { styleText } from 'node:util';

/** What a command has of the world around it. */
export interface Io {
  /** Without the program itself. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdin: Input;
  /** Results; over stdio it belongs to the protocol. */
  readonly stdout: Output;
  /** Everything that is for people. */
  readonly stderr: Output;
}

interface Input extends Readable {
  readonly isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
}

interface Output extends Writable {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

export type Format = 'text' | 'json';

/** True when a person sits there who can both read the question and answer it. */
export function isInteractive(io: Io): boolean {
  return io.stdin.isTTY === true && io.stderr.isTTY === true;
}

export function print(io: Io, lines: readonly string[]): void {
  if (lines.length > 0) io.stdout.write(`${lines.join('\n')}\n`);
}

/** `value` must be JSON: plain data without functions or classes. */
export function printJson(io: Io, value: object): void {
  print(io, [JSON.stringify(value, null, 2)]);
}

export function tell(io: Io, line: string): void {
  io.stderr.write(`${line}\n`);
}

/**
 * Lets a reader go away while something is written to it. The returned function tells whether anything else went wrong
 * with the streams, so that a result which was lost is not taken for one that was delivered.
 */
export function toleratePipes(io: Io): () => boolean {
  let isBroken = false;
  for (const stream of [io.stdout, io.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') isBroken = true;
    });
  }
  return () => isBroken;
}

type Colour = 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold';
export type Paint = (colour: Colour, text: string) => string;

/** Colours on a terminal, and none where the user or the pipe wants none (https://no-color.org). */
export function painter(io: Io, output: Output): Paint {
  const noColour = io.env['NO_COLOR'];
  const wanted = output.isTTY === true && (noColour === undefined || noColour === '');
  if (!wanted || io.env['TERM'] === 'dumb') return (_, text) => text;
  return (colour, text) => styleText(colour, text, { validateStream: false });
}
