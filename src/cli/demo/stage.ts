import { printable } from '../../core/printable.ts';
import type { Paint } from '../io.ts';

/** What the reader of the demo sees, line by line. */
export interface Stage {
  title(text: string): void;
  say(text: string): void;
  /** A labelled line; what does not fit goes on below it. */
  line(label: Label, text: string): void;
  /** A command line and what it printed. */
  command(text: string, output: string): void;
  /** Lines of a file, or of a difference. */
  excerpt(lines: readonly string[]): void;
  /** Lines that stay as they are. */
  plain(lines: readonly string[]): void;
}

type Label = 'agent' | 'got' | 'journal' | 'disk' | 'file' | 'edit';

const width = 100;
const indent = '  ';
const labelWidth = 9;

/** Paths into the scratch folder and digests are shortened; everything else is what was really there. */
export function createStage(
  write: (text: string) => void,
  paint: Paint,
  scratchDir: string,
): Stage {
  const put = (line: string) => write(`${line}\n`);
  const short = (text: string) => shorten(text, scratchDir);
  return {
    title: (text) => put(`\n${paint('bold', text)}`),
    say: (text) => {
      for (const line of wrap(text, width)) put(line);
    },
    line: (label, text) => {
      const [first = '', ...rest] = wrap(printable(short(text)), width - labelWidth - 2);
      put(`${indent}${paint('dim', label.padEnd(labelWidth))}${coloured(first, paint)}`);
      for (const each of rest) put(`${indent}${' '.repeat(labelWidth)}${each}`);
    },
    command: (text, output) => {
      put(`${indent}${paint('cyan', `$ ${text}`)}`);
      for (const line of short(output).trimEnd().split('\n')) put(`${indent}${printable(line)}`);
    },
    excerpt: (lines) => {
      for (const each of lines) put(`${indent}${paint(excerptColour(each), each)}`);
    },
    plain: (lines) => {
      for (const each of lines) put(each);
    },
  };
}

function shorten(text: string, scratchDir: string): string {
  return text.replaceAll(scratchDir, 'SCRATCH').replace(/\b([0-9a-f]{12})[0-9a-f]{52}\b/g, '$1…');
}

function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

function excerptColour(line: string) {
  if (line.startsWith('-')) return 'red';
  return line.startsWith('+') ? 'green' : 'dim';
}

const colours = [
  [/^(deny|Denied)/, 'red'],
  [/^(escalate|PENDING)/, 'yellow'],
  [/^allow/, 'green'],
] as const;

function coloured(text: string, paint: Paint): string {
  const colour = colours.find(([pattern]) => pattern.test(text))?.[1];
  return colour === undefined ? text : text.replace(/^\S+/, (word) => paint(colour, word));
}
