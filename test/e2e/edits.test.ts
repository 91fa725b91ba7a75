import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { LineClient } from '../harness/line-client.ts';
import { decisionOf, listAt, messageOf, pick, textAt } from '../harness/message.ts';
import { main, type Scratch, scratch } from '../harness/scratch.ts';
import { until } from '../harness/until.ts';

type Secret = Readonly<Record<string, string>>;

/** The shipped rules in front of the raw server, whose `count` tool nobody said anything about. */
async function behindGate(config: object = {}) {
  const house = await scratch({ config });
  return { house, dana: await house.approver('dana') };
}

const count = (args: object) => ({ name: 'raw__count', arguments: args });
const note = 'A person changed the arguments of this call before it ran.';

async function change(house: Scratch, id: string, args: object, secret: Secret) {
  const file = path.join(house.dir, 'new.json');
  writeFileSync(file, JSON.stringify(args));
  const done = await house.cli(['approve', id, '--edit-file', file], secret);
  const newId = /^changed (ap_\w+) into (ap_\w+)\n/.exec(done.stdout)?.[2] ?? '';
  return { ...done, newId };
}

function expectChanged(answer: unknown): void {
  expect(pick(answer, 'result.isError')).not.toBe(true);
  expect(textAt(answer, 'result.content.0.text')).toBe('counted');
  expect(textAt(answer, 'result.content.1.text')).toContain(note);
  expect(decisionOf(messageOf(answer))).toMatchObject({ outcome: 'allow', edited: true });
}

it('a held call gets the result of the call that a person made of it, and everything says so', async () => {
  const { house, dana } = await behindGate();
  const client = await house.open();
  const id = client.start('tools/call', count({ n: 1 }));
  const [held] = await house.pending();
  const { code, newId } = await change(house, textAt(held, 'id'), { n: 2 }, dana);
  expect(code).toBe(0);
  const answer = await client.response(id);
  expectChanged(answer);
  expect(house.executed()).toEqual([{ tool: 'count', arguments: { n: 2 } }]);

  const trace = textAt(decisionOf(answer), 'trace_id');
  const replayed = messageOf(await house.read(['replay', trace]));
  expect(replayed).toMatchObject({
    verdict: 'reproduced',
    decisions: [
      { recorded: { outcome: 'escalate' } },
      { recorded: { outcome: 'escalate' }, edited: { approval_id: newId, by: 'dana' } },
      { recorded: { outcome: 'allow' }, edited: { approval_id: newId, by: 'dana' } },
    ],
  });
  const [first] = listAt(replayed, 'decisions').map(messageOf);
  expect(pick(replayed, 'decisions.2.edited.in_place_of')).toBe(pick(first, 'decision_id'));
  expect(first).not.toHaveProperty('edited');
  const asText = await house.cli(['replay', trace]);
  const line = `    changed   by dana (${newId}), in the place of ${pick(first, 'decision_id')}\n`;
  expect(asText.stdout.split(line)).toHaveLength(3);
  expect((await house.cli(['trace', trace])).stdout).toContain(
    `by dana (${newId}), in the place of`,
  );
  expect(await house.read(['approvals', 'show', newId])).toMatchObject({
    state: 'consumed',
    arguments: { n: 2 },
    edited: { by: 'dana', from: pick(held, 'id'), asked_arguments: { n: 1 } },
  });
});

it('the gate is killed between the change and the retry: the changed call runs once', async () => {
  const { house, dana } = await behindGate({ approvals: { hold: { default: '1s' } } });
  const first = await house.open();
  const pending = await first.request('tools/call', count({ n: 1 }));
  const id = textAt(decisionOf(pending), 'approval_id');
  expect((await change(house, id, { n: 2 }, dana)).code).toBe(0);
  first.kill('SIGKILL');
  await first.exited;

  const second = await house.open();
  expectChanged(await second.request('tools/call', count({ n: 1 })));
  const again = await second.request('tools/call', count({ n: 1 }));
  expect(textAt(again, 'result.content.0.text')).toMatch(/^PENDING APPROVAL/);
  expect(await house.pending()).toMatchObject([{ arguments: { n: 1 } }]);
  expect(house.executed()).toEqual([{ tool: 'count', arguments: { n: 2 } }]);
});

it('the gate is killed while a call waits, and it is changed while no gate runs', async () => {
  const { house, dana } = await behindGate();
  const first = await house.open();
  first.start('tools/call', count({ n: 1 }));
  const [held] = await house.pending();
  first.kill('SIGKILL');
  await first.exited;
  await change(house, textAt(held, 'id'), { n: 2 }, dana);
  const second = await house.open();
  expectChanged(await second.request('tools/call', count({ n: 1 })));
  expect(house.executed()).toEqual([{ tool: 'count', arguments: { n: 2 } }]);
});

it('two gates hold the same call: the changed one runs once, and the other asks anew', async () => {
  const { house, dana } = await behindGate();
  const clients = [await house.open(), await house.open()];
  const asked = clients.map((client) => client.start('tools/call', count({ n: 1 })));
  const [held] = await house.pending();
  await change(house, textAt(held, 'id'), { n: 2 }, dana);
  await until('the changed call', () => Promise.resolve(house.executed().length === 1));
  const [anew] = await house.pending();
  expect(anew).toMatchObject({ arguments: { n: 1 } });
  await house.cli(['deny', textAt(anew, 'id')], dana);
  const answers = await Promise.all(clients.map((client, at) => client.response(asked[at] ?? 0)));
  const texts = answers.map((answer) => textAt(answer, 'result.content.0.text'));
  expect(texts.toSorted()).toEqual([expect.stringMatching(/^Denied by an approver/), 'counted']);
  expect(house.executed()).toEqual([{ tool: 'count', arguments: { n: 2 } }]);
});

it('policy has the last word on the arguments that a person wrote', async () => {
  const house = await scratch({ servers: {} });
  house.configure({ mcpServers: { files: house.files() } });
  const dana = await house.approver('dana');
  const client = await house.open();
  const write = (file: string) => ({
    name: 'files__write_file',
    arguments: { path: file, content: 'x' },
  });
  const outside = path.join(house.area, 'a.txt');
  const id = client.start('tools/call', write(outside));
  const [held] = await house.pending();
  const aim = path.join(house.state, 'gate.db');
  await change(house, textAt(held, 'id'), { path: aim, content: 'x' }, dana);
  const answer = await client.response(id);
  expect(decisionOf(answer)).toMatchObject({
    outcome: 'deny',
    rules: ['gate.protected-path'],
    edited: true,
  });
  expect(existsSync(outside)).toBe(false);

  // It is over with that: the next one is asked about anew, and changed into something that may be.
  const next = client.start('tools/call', write(outside));
  const [asked] = await house.pending();
  expect(pick(asked, 'id')).not.toBe(pick(held, 'id'));
  const inside = path.join(house.workspace, 'a.txt');
  await change(house, textAt(asked, 'id'), { path: inside, content: 'y' }, dana);
  expect(pick(await client.response(next), 'result.isError')).not.toBe(true);
  expect(readFileSync(inside, 'utf8')).toBe('y');
  expect(existsSync(outside)).toBe(false);
});

/** The command line on a terminal of its own; what is shown, and a hand on the keyboard. */
function onTerminal(house: Scratch, args: readonly string[], env: Secret) {
  const pidFile = path.join(house.dir, 'pid');
  const words = [process.execPath, main, ...args].map((word) => `'${word}'`).join(' ');
  const command = `echo $$ > '${pidFile}'; exec ${words}`;
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    cwd: house.dir,
    env: { ...house.env(env), TERM: 'xterm', SHELL: '/bin/sh' },
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let shown = '';
  child.stdout.on('data', (chunk: Buffer) => {
    shown += chunk.toString();
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return {
    ended,
    shown: () => shown,
    type: (keys: string) => child.stdin.write(keys),
    pid: () => Number(readFileSync(pidFile, 'utf8')),
    sees: (text: string) => until(`"${text}"`, () => Promise.resolve(shown.includes(text))),
  };
}

async function waiting(): Promise<{
  house: Scratch;
  client: LineClient;
  request: number;
  id: string;
}> {
  const house = await scratch({});
  const client = await house.open();
  const request = client.start('tools/call', count({ n: 1 }));
  const store = path.join(house.state, 'gate.db');
  await until('the store', () => Promise.resolve(existsSync(store)));
  const [held] = await house.pending();
  return { house, client, request, id: textAt(held, 'id') };
}

function editor(house: Scratch, script: string): Secret {
  const file = path.join(house.dir, 'editor.sh');
  writeFileSync(file, script);
  return { EDITOR: `exec /bin/sh ${file}` };
}

const drafts = (house: Scratch) =>
  readdirSync(house.state).filter((name) => name.startsWith('edit-'));

it('on a terminal the editor opens, the difference is shown, and y lets the changed call run', async () => {
  const { house, client, request, id } = await waiting();
  const script = `test -t 0 && test -t 1 && echo 'type a number' && read number
sed -i "s/[0-9]/$number/" "$1"`;
  const terminal = onTerminal(house, ['approve', id, '--edit'], editor(house, script));
  await terminal.sees('type a number');
  terminal.type('3\r');
  await terminal.sees('+  │ 3\r\n');
  await terminal.sees('approve the changed call?');
  // The keyboard is the editor's once more.
  terminal.type('e\r');
  await until('the editor again', () =>
    Promise.resolve(terminal.shown().split('type a number').length === 3),
  );
  terminal.type('2\r');
  await terminal.sees('+  │ 2\r\n');
  expect(terminal.shown()).toContain('at │ /n\r\n-  │ 1\r\n+  │ 2\r\n');
  expect(house.executed()).toEqual([]);
  terminal.type('y\r');
  expect(await terminal.ended).toBe(0);
  expectChanged(await client.response(request));
  expect(house.executed()).toEqual([{ tool: 'count', arguments: { n: 2 } }]);
  expect(drafts(house)).toEqual([]);
});

it('control-C at the question decides nothing, and no file stays behind', async () => {
  const { house, id } = await waiting();
  const terminal = onTerminal(
    house,
    ['approve', id, '--edit'],
    editor(house, 'sed -i s/1/2/ "$1"'),
  );
  await terminal.sees('approve the changed call?');
  terminal.type('\u0003');
  expect(await terminal.ended).toBe(1);
  expect(terminal.shown()).toContain('nothing was decided');
  expect(drafts(house)).toEqual([]);
  await house.pending();
});

it.each(['SIGTERM', 'SIGHUP'] as const)(
  '%s while the editor is open takes the file and the editor along',
  async (signal) => {
    const { house, id } = await waiting();
    const script = `echo $$ > ${house.dir}/editor-pid; exec sleep 60`;
    const terminal = onTerminal(house, ['approve', id, '--edit'], editor(house, script));
    const pidFile = path.join(house.dir, 'editor-pid');
    await until('the editor', () =>
      Promise.resolve(existsSync(pidFile) && readFileSync(pidFile, 'utf8') !== ''),
    );
    expect(drafts(house)).toHaveLength(1);
    process.kill(terminal.pid(), signal);
    await terminal.ended;
    expect(drafts(house)).toEqual([]);
    const editorPid = Number(readFileSync(pidFile, 'utf8'));
    await until('the end of the editor', () => Promise.resolve(!isThere(editorPid)));
    await house.pending();
  },
);

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    // Nobody has this number any more.
    return false;
  }
}
