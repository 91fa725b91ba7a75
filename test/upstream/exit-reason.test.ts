import { expect, it } from 'vitest';
import { exitReason } from '../../src/upstream/exit-reason.ts';

const random = 'b64Zq81xRt0vPl7sYw2n';
const rows: [claim: string, args: string[], line: string, shown: string][] = [
  ['the value of --token=', ['--token=hunter2'], 'bad token hunter2', 'bad token …'],
  ['the argument behind --password', ['--password', 'hunter2'], 'no hunter2 here', 'no … here'],
  ['the argument behind --db-secret', ['--db-secret', 'hunter2'], 'hunter2', '…'],
  ['the argument behind --API-KEY', ['--API-KEY', 'hunter2'], 'hunter2', '…'],
  ['the argument behind -key', ['-key', 'hunter2'], 'hunter2', '…'],
  ['a password in a URL', ['postgres://me:hunter2@db/x'], 'for me:hunter2', 'for me:…'],
  ['a long random word', [`Bearer ${random}`], `got ${random}!`, 'got …!'],
  [
    'the whole of a secret of which another is a part',
    ['--key', 'hunter', '--token=hunter2-hunter2'],
    'hunter2-hunter2',
    '…',
  ],
];

it.each(rows)('blanks %s', (_, args, line, shown) => {
  expect(reason(args, line)).toBe(`exited with code 1: ${shown}`);
});

const kept: [claim: string, args: string[], line: string][] = [
  ['a path', ['/srv/modelcontextprotocol/filesystem'], 'no /srv/modelcontextprotocol/filesystem'],
  ['a flag and its value', ['--port', '8787', '--keyboard', 'layout'], 'port 8787 layout'],
  ['what is too short to be a secret', ['--key', 'id'], 'no id'],
];

it.each(kept)('keeps %s', (_, args, line) => {
  expect(reason(args, line)).toBe(`exited with code 1: ${line}`);
});

function reason(args: readonly string[], line: string): string {
  const command = { command: 'x', args, env: {}, cwd: '/' };
  return exitReason({ kind: 'exited', code: 1, signal: null }, command, line);
}
