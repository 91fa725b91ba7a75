import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createControl } from '../../src/control/control-file.ts';
import { scratch } from '../config/scratch.ts';

const missing = '"control.json" is missing from the state folder';
const unreadable = '"control.json" in the state folder cannot be read';
const free = { freeze: undefined, mode: undefined };

it('before the first start nothing is demanded and nothing is written', () => {
  const { dir } = scratch();
  expect(createControl(dir).current()).toEqual(free);
  expect(readdirSync(dir)).toEqual([]);
});

it('the first start writes a document that nobody else may read', () => {
  const dir = join(scratch().dir, 'new');
  const control = createControl(dir);
  control.ensure();
  expect(control.current()).toEqual(free);
  expect(JSON.parse(readFileSync(join(dir, 'control.json'), 'utf8'))).toEqual({
    rev: 1,
    freeze: null,
    mode: null,
  });
  expect(statSync(join(dir, 'control.json')).mode & 0o777).toBe(0o600);
  expect(readdirSync(dir)).toEqual(['control.json', 'control.started']);
});

it('a later start leaves what the operator wrote', () => {
  const { dir } = scratch();
  createControl(dir).ensure();
  createControl(dir).write({ freeze: { reason: 'incident', by: 'alice', at: 'now' } });
  const next = createControl(dir);
  next.ensure();
  expect(next.current()).toEqual({ freeze: 'incident', mode: undefined });
});

it('a document that was there before the first start counts', () => {
  const { dir, write } = scratch();
  write('control.json', '{"rev": 7, "freeze": null, "mode": "enforce"}');
  const control = createControl(dir);
  control.ensure();
  expect(control.current()).toEqual({ freeze: undefined, mode: 'enforce' });
});

it('missing after the first start means frozen, for the gate that runs and for the next', () => {
  const { dir } = scratch();
  const running = createControl(dir);
  running.ensure();
  rmSync(join(dir, 'control.json'));
  expect(running.current().freeze).toBe(missing);
  const next = createControl(dir);
  next.ensure();
  expect(next.current().freeze).toBe(missing);
});

it('a running gate freezes even when all its files are gone', () => {
  const { dir } = scratch();
  const running = createControl(dir);
  running.ensure();
  rmSync(dir, { recursive: true });
  expect(running.current().freeze).toBe(missing);
});

const malformed: [claim: string, text: string][] = [
  ['an empty file', ''],
  ['half a file', '{"rev": 1, "freeze": null,'],
  ['another type', 'null'],
  ['a freeze of another shape', '{"rev": 1, "freeze": true, "mode": null}'],
  ['a mode that would loosen', '{"rev": 1, "freeze": null, "mode": "observe"}'],
  ['a member that nobody knows', '{"rev": 1, "freeze": null, "mode": null, "frozen": true}'],
  ['a member that is missing', '{"rev": 1, "mode": null}'],
  ['a file without end', `{"rev": 1, "freeze": null, "mode": null}${' '.repeat(70_000)}`],
];

it.each(malformed)('%s means frozen', (_, text) => {
  const { dir, write } = scratch();
  const control = createControl(dir);
  control.ensure();
  write('control.json', text);
  expect(control.current()).toEqual({ freeze: unreadable, mode: undefined });
});

it('a document that is not understood is not replaced by a change', () => {
  const { dir, write } = scratch();
  write('control.json', '{"rev": 1, "freeze": true, "mode": null}');
  const change = () => createControl(dir).write({ freeze: null });
  expect(change).toThrow(
    expect.objectContaining({
      code: 'control_unreadable',
      message: `"${join(dir, 'control.json')}" is not a control document`,
    }),
  );
  expect(readFileSync(join(dir, 'control.json'), 'utf8')).toContain('"freeze": true');
});

it('a document that is a folder means frozen', () => {
  const { dir } = scratch();
  mkdirSync(join(dir, 'control.json'));
  expect(createControl(dir).current().freeze).toBe(unreadable);
});

const nextTick = () => new Promise<void>((resolve) => process.nextTick(resolve));

it('an edit by hand is seen in the next tick, also one of the same length', async () => {
  const { dir, write } = scratch();
  const control = createControl(dir);
  control.ensure();
  for (const reason of ['incident-a', 'incident-b', 'incident-c']) {
    write(
      'control.json',
      JSON.stringify({ rev: 2, freeze: { reason, by: 'me', at: 'now' }, mode: null }),
    );
    expect(control.current().freeze).toBe(reason);
    await nextTick();
  }
  write('control.json', '{"rev": 2, "freeze": null, "mode": null}');
  expect(control.current()).toEqual(free);
});

it('all calls in one tick, and the promise callbacks that it leaves, get the same answer', async () => {
  const { dir, write } = scratch();
  const control = createControl(dir);
  control.ensure();
  expect(control.current()).toEqual(free);
  write(
    'control.json',
    '{"rev": 2, "freeze": {"reason": "now", "by": "", "at": ""}, "mode": null}',
  );
  expect(control.current()).toEqual(free);
  await Promise.resolve();
  expect(control.current()).toEqual(free);
  await nextTick();
  expect(control.current().freeze).toBe('now');
});

it('a change that this process makes is seen at once', () => {
  const { dir } = scratch();
  const control = createControl(dir);
  control.ensure();
  expect(control.current()).toEqual(free);
  control.write({ freeze: { reason: 'now', by: 'b', at: 'a' } });
  expect(control.current().freeze).toBe('now');
});

it('a freeze without a reason is a freeze', () => {
  const { dir, write } = scratch();
  write('control.json', '{"rev": 2, "freeze": {"reason": "", "by": "", "at": ""}, "mode": null}');
  expect(createControl(dir).current().freeze).toBe('no reason given');
});

it('a change keeps what it does not name and counts the revision up', () => {
  const { dir } = scratch();
  const control = createControl(dir);
  control.write({ mode: 'enforce' });
  control.write({ freeze: { reason: 'r', by: 'b', at: 'a' } });
  expect(JSON.parse(readFileSync(join(dir, 'control.json'), 'utf8'))).toEqual({
    rev: 2,
    freeze: { reason: 'r', by: 'b', at: 'a' },
    mode: 'enforce',
  });
});

it('what a crash leaves between the temporary file and its new name changes nothing and stops nobody', () => {
  const { dir, write } = scratch();
  const control = createControl(dir);
  control.write({ mode: 'enforce' });
  write('.control.json.0123456789abcdef.tmp', '{"rev": 9, "freeze": nul');
  expect(createControl(dir).current()).toEqual({ freeze: undefined, mode: 'enforce' });
  control.write({ mode: null });
  expect(control.current()).toEqual(free);
});

it('a change that cannot be put in place leaves the old document and no temporary file', () => {
  const { dir } = scratch();
  const control = createControl(dir);
  control.ensure();
  rmSync(join(dir, 'control.json'));
  mkdirSync(join(dir, 'control.json', 'full'), { recursive: true });
  expect(() => control.write({ mode: 'enforce' })).toThrow();
  expect(readdirSync(dir)).toEqual(['control.json', 'control.started']);
});

it('a crash between the document and its marker leaves a first start', () => {
  const { dir } = scratch();
  createControl(dir).ensure();
  rmSync(join(dir, 'control.started'));
  writeFileSync(join(dir, 'unrelated'), '');
  const control = createControl(dir);
  control.ensure();
  expect(control.current()).toEqual(free);
  expect(readdirSync(dir)).toEqual(['control.json', 'control.started', 'unrelated']);
});
