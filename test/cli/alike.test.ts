import { expect, it, vi } from 'vitest';
import { decideApproval } from '../../src/approval/decide.ts';
import { openStore } from '../../src/store/sqlite-store.ts';
import { ask, cli, house, start } from './rig.ts';

/** Eight writes that differ in their path, and another call. */
async function asked() {
  const ids: string[] = [];
  const place = await house(async (store) => {
    for (let n = 0; n < 8; n += 1) {
      const canonicalArguments = `{"path":"/etc/${n}","text":"x"}`;
      ids.push(await ask(store, { canonicalArguments }));
    }
    ids.push(await ask(store, { tool: 'delete_file' }));
  });
  return { ...place, ids };
}

it('the list puts what is alike under one line, and each has its id', async () => {
  const { env, ids } = await asked();
  const { stdout } = await cli(['approvals', 'list'], { env });
  const lines = stdout.trimEnd().split('\n');
  expect(lines).toHaveLength(8);
  const head = lines.findIndex((line) => line.startsWith('8 alike  like_'));
  expect(lines[head]).toContain('differ in "path"  files/write_file  by os:rita  since ');
  for (const line of lines.slice(head + 1, head + 6)) {
    expect(line).toMatch(/^ {2}ap_\w{10} {2}until \S+ {2}"path": "\/etc\/\d"$/);
  }
  const [, key = ''] = /(like_\w{10})/.exec(stdout) ?? [];
  expect(lines[head + 6]).toBe(`  (3 more: mcp-gate approvals list --group ${key})`);
  const whole = await cli(['approvals', 'list', '--group', key], { env });
  const shown = whole.stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.slice(0, 13));
  expect(shown.toSorted()).toEqual(ids.slice(0, 8).toSorted());
  const json = await cli(['approvals', 'list', '--format', 'json'], { env });
  const keys: string[] = JSON.parse(json.stdout).map((each: { group: string }) => each.group);
  expect(keys.filter((each) => each === key)).toHaveLength(8);
  expect(new Set(keys).size).toBe(2);
});

it('what people said before stands in show, in its JSON and beside the question', async () => {
  const { env, ids, state } = await asked();
  const [first = '', second = ''] = ids;
  const store = openStore({ dir: state, durability: 'process', clock: Date.now });
  const approver = { kind: 'terminal', name: 'bob' } as const;
  const no = { id: first, verdict: 'deny', approver, reason: 'not there' } as const;
  await decideApproval({ store, clock: Date.now }, no);
  await store.close();
  const line = /^before {2}1 denied, last \S+: "not there"$/m;
  expect((await cli(['approvals', 'show', second], { env })).stdout).toMatch(line);
  const json = await cli(['approvals', 'show', second, '--format', 'json'], { env });
  expect(JSON.parse(json.stdout)).toMatchObject({
    group: expect.stringMatching(/^like_/),
    history: { denied: { count: 1, reason: 'not there' }, approved: { count: 0 } },
  });
  const question = await cli(['approve', second], { env, typed: 'n\n' });
  expect(question.stderr).toMatch(line);
});

it('the watch screen folds what is alike, g unfolds it, and a new one rings', async () => {
  const { env, ids, state } = await asked();
  const watch = start(['approvals', 'watch'], { env: { ...env, TERM: 'foot' }, typed: '' });
  const shows = (text: string) =>
    vi.waitFor(() => expect(watch.screen()).toContain(text), { timeout: 5000 });
  await shows('9 pending, 7 of them alike');
  await shows('+7 alike');
  await shows('differ in "path"');
  watch.type('g');
  for (const id of ids) await shows(id);
  expect(watch.screen()).not.toContain('\u001b]777;');
  const store = openStore({ dir: state, durability: 'process', clock: Date.now });
  await ask(store, { tool: 'rename' });
  await store.close();
  await shows('\u001b]777;notify;mcp-gate;a call waits: files/rename\u0007');
  watch.type('q');
  expect((await watch.done).code).toBe(0);
});

it('with --no-bell nothing rings', async () => {
  const { env, state } = await asked();
  const watch = start(['approvals', 'watch', '--no-bell'], { env, typed: '' });
  await vi.waitFor(() => expect(watch.screen()).toContain('9 pending'), 5000);
  const store = openStore({ dir: state, durability: 'process', clock: Date.now });
  await ask(store, { tool: 'rename' });
  await store.close();
  await vi.waitFor(() => expect(watch.screen()).toContain('10 pending'), 5000);
  watch.type('q');
  await watch.done;
  expect(watch.screen()).not.toContain('\u0007');
});
