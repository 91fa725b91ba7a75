import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { terminalNotice } from '../../src/cli/approvals/terminal-notice.ts';
import { deskScratch } from '../approval/desk-scratch.ts';

function rig(env: Record<string, string>, isTTY = true) {
  const written: string[] = [];
  const stdout = Object.assign(new PassThrough(), {
    isTTY,
    write: (text: string) => written.push(text) > 0,
  });
  const io = { argv: [], env, cwd: '/', stdin: new PassThrough(), stdout, stderr: stdout };
  let nowMs = 10_000;
  const notify = terminalNotice(io, () => nowMs);
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { notify, written, pass };
}

const said = 'a call waits: files/write_file';
const rows: readonly (readonly [string, Record<string, string>, readonly string[]])[] = [
  ['iTerm', { TERM_PROGRAM: 'iTerm.app', TERM: 'x' }, [`\x1b]9;mcp-gate: ${said}\x07`]],
  ['WezTerm', { TERM_PROGRAM: 'WezTerm' }, [`\x1b]777;notify;mcp-gate;${said}\x07`]],
  ['kitty', { TERM: 'xterm-kitty' }, [`\x1b]9;mcp-gate: ${said}\x07`]],
  ['foot', { TERM: 'foot' }, [`\x1b]777;notify;mcp-gate;${said}\x07`]],
  ['a terminal that is not known', { TERM: 'xterm-256color', TERM_PROGRAM: 'vscode' }, ['\x07']],
  ['a name that every object has', { TERM_PROGRAM: 'constructor', TERM: 'toString' }, ['\x07']],
  ['one that says nothing of itself', {}, ['\x07']],
  ['iTerm behind tmux', { TERM_PROGRAM: 'iTerm.app', TMUX: '/tmp/x' }, ['\x07']],
  ['iTerm behind screen', { TERM_PROGRAM: 'iTerm.app', TERM: 'screen-256color' }, ['\x07']],
  ['a dumb terminal', { TERM_PROGRAM: 'iTerm.app', TERM: 'dumb' }, []],
];
it.each(rows)('%s is told in its way', async (_, env, expected) => {
  const { notify, written } = rig(env);
  notify([await deskScratch().ask()]);
  expect(written).toEqual(expected);
});

it('a pipe is told nothing', async () => {
  const { notify, written } = rig({ TERM_PROGRAM: 'iTerm.app' }, false);
  notify([await deskScratch().ask()]);
  expect(written).toEqual([]);
});

it('nothing that a server or an agent named ends the sequence or begins another', async () => {
  const { ask } = deskScratch();
  const hostile = `a\x07\x1b]52;c;x\x1b\\\u009d9;${'字'.repeat(500)}`;
  for (const env of [{ TERM_PROGRAM: 'iTerm.app' }, { TERM: 'foot' }]) {
    const { notify, written } = rig(env);
    notify([await ask({ tool: hostile, canonicalArguments: '{"secret":"s3cret"}' })]);
    const [text = ''] = written;
    expect(text.slice(1, -1)).not.toMatch(/\p{Cc}/u);
    expect(text.slice(1, -1)).toMatch(/^\](9;mcp-gate: |777;notify;mcp-gate;)[^;]*$/);
    expect(text.length).toBeLessThan(140);
    expect(text).not.toContain('s3cret');
  }
});

it('a flood rings once in three seconds, and says how many', async () => {
  const { ask } = deskScratch();
  const { notify, written, pass } = rig({ TERM: 'foot' });
  const [one, two] = [await ask(), await ask({ tool: 'delete' })];
  notify([one, two]);
  notify([one]);
  pass(2999);
  notify([one]);
  pass(1);
  notify([one]);
  expect(written).toEqual([
    '\x1b]777;notify;mcp-gate;2 calls wait, the newest: files/delete\x07',
    `\x1b]777;notify;mcp-gate;${said}\x07`,
  ]);
  notify([]);
  expect(written).toHaveLength(2);
});
