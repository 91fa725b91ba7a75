import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Freeze } from '../../src/control/control-document.ts';
import { createControl } from '../../src/control/control-file.ts';
import { scratch } from '../config/scratch.ts';

const missing = '"control.json" is missing from the state folder';
const unreadable = '"control.json" in the state folder cannot be read';
const nothing = { rev: undefined, freeze: undefined, freezes: [], mode: undefined };
const free = (rev: number) => ({ ...nothing, rev });

const everything = { server: null, tool: null, subject: null };
const freezeOf = (reason: string): Freeze => ({
  id: 'fz_1',
  ...everything,
  reason,
  by: 'alice',
  at: 'now',
});
const scope = { server: 'files', tool: 'write_file', subject: 'alice' };
const text = (...freezes: object[]) => JSON.stringify({ rev: 2, freezes, mode: null });

it('before the first start nothing is demanded and nothing is written', () => {
  const { dir } = scratch();
  expect(createControl(dir).current()).toEqual(nothing);
  expect(readdirSync(dir)).toEqual([]);
});

it('the first start writes a document that nobody else may read', () => {
  const dir = join(scratch().dir, 'new');
  const control = createControl(dir);
  control.ensure();
  expect(control.current()).toEqual(free(1));
  expect(JSON.parse(readFileSync(join(dir, 'control.json'), 'utf8'))).toEqual({
    rev: 1,
    freezes: [],
    mode: null,
  });
  expect(statSync(join(dir, 'control.json')).mode & 0o777).toBe(0o600);
  expect(readdirSync(dir)).toEqual(['control.json', 'control.started']);
});

it('a later start leaves what the operator wrote', () => {
  const { dir } = scratch();
  createControl(dir).ensure();
  createControl(dir).write({ freezes: [freezeOf('incident')] });
  const next = createControl(dir);
  next.ensure();
  expect(next.current()).toMatchObject({ rev: 2, freeze: 'incident', mode: undefined });
});

it('a document that was there before the first start counts', () => {
  const { dir, write } = scratch();
  write('control.json', '{"rev": 7, "freeze": null, "mode": "enforce"}');
  const control = createControl(dir);
  control.ensure();
  expect(control.current()).toEqual({ ...free(7), mode: 'enforce' });
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
  ['a freeze without its scope', text({ ...freezeOf('r'), server: undefined })],
  ['a freeze of both kinds', '{"rev": 1, "freeze": null, "freezes": [], "mode": null}'],
  ['a scope that is no name', text({ ...freezeOf('r'), server: ['files'] })],
  ['a file without end', `{"rev": 1, "freeze": null, "mode": null}${' '.repeat(70_000)}`],
];

it.each(malformed)('%s means frozen', (_, text) => {
  const { dir, write } = scratch();
  const control = createControl(dir);
  control.ensure();
  write('control.json', text);
  expect(control.current()).toEqual({ ...nothing, freeze: unreadable });
  expect(control.frozen(scope)).toBe(unreadable);
});

it('a document that is not understood is not replaced by a change', () => {
  const { dir, write } = scratch();
  write('control.json', '{"rev": 1, "freeze": true, "mode": null}');
  const change = () => createControl(dir).write({ freezes: [] });
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
    write('control.json', text(freezeOf(reason)));
    expect(control.current().freeze).toBe(reason);
    await nextTick();
  }
  write('control.json', text());
  expect(control.current()).toEqual(free(2));
});

it('all calls in one tick, and the promise callbacks that it leaves, get the same answer', async () => {
  const { dir, write } = scratch();
  const control = createControl(dir);
  control.ensure();
  expect(control.current()).toEqual(free(1));
  write('control.json', text(freezeOf('now')));
  expect(control.current()).toEqual(free(1));
  await Promise.resolve();
  expect(control.current()).toEqual(free(1));
  expect(control.frozen(scope)).toBeUndefined();
  await nextTick();
  expect(control.current().freeze).toBe('now');
});

it('a change that this process makes is seen at once', () => {
  const { dir } = scratch();
  const control = createControl(dir);
  control.ensure();
  expect(control.current()).toEqual(free(1));
  control.write({ freezes: [freezeOf('now')] });
  expect(control.current().freeze).toBe('now');
});

it('a freeze without a reason is a freeze', () => {
  const { dir, write } = scratch();
  write('control.json', text(freezeOf('')));
  expect(createControl(dir).current().freeze).toBe('no reason given');
});

it('a change keeps what it does not name and counts the revision up', () => {
  const { dir } = scratch();
  const control = createControl(dir);
  control.write({ mode: 'enforce' });
  control.write({ freezes: [freezeOf('r')] });
  expect(JSON.parse(readFileSync(join(dir, 'control.json'), 'utf8'))).toEqual({
    rev: 2,
    freezes: [freezeOf('r')],
    mode: 'enforce',
  });
});

it('what a crash leaves between the temporary file and its new name changes nothing and stops nobody', () => {
  const { dir, write } = scratch();
  const control = createControl(dir);
  control.write({ mode: 'enforce' });
  write('.control.json.0123456789abcdef.tmp', '{"rev": 9, "freeze": nul');
  expect(createControl(dir).current()).toEqual({ ...free(1), mode: 'enforce' });
  control.write({ mode: null });
  expect(control.current()).toEqual(free(2));
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
  expect(control.current()).toEqual(free(1));
  expect(readdirSync(dir)).toEqual(['control.json', 'control.started', 'unrelated']);
});

it('a document of before there were scopes counts, and the next change writes it anew', () => {
  const { dir, write } = scratch();
  write(
    'control.json',
    '{"rev": 7, "freeze": {"reason": "old", "by": "bob", "at": "then"}, "mode": "enforce"}',
  );
  const control = createControl(dir);
  expect(control.current()).toMatchObject({ rev: 7, freeze: 'old', mode: 'enforce' });
  control.write({ mode: null });
  expect(JSON.parse(readFileSync(join(dir, 'control.json'), 'utf8'))).toEqual({
    rev: 8,
    freezes: [{ id: 'fz_first', ...everything, reason: 'old', by: 'bob', at: 'then' }],
    mode: null,
  });
});

const scopes: [claim: string, named: Partial<Freeze>, stopped: boolean][] = [
  ['nothing', {}, true],
  ['its server', { server: 'files' }, true],
  ['another server', { server: 'git' }, false],
  ['its tool', { tool: 'write_file' }, true],
  ['its tool as agents name it', { tool: 'files__write_file' }, true],
  ['its tool under another server', { tool: 'git__write_file' }, false],
  ['another tool', { tool: 'write' }, false],
  ['its tool in capitals', { tool: 'WRITE_FILE' }, false],
  ['its subject', { subject: 'alice' }, true],
  ['another subject', { subject: 'bob' }, false],
  ['the empty subject', { subject: '' }, false],
  ['all that is right', { server: 'files', tool: 'write_file', subject: 'alice' }, true],
  ['one thing that is wrong', { server: 'files', tool: 'write_file', subject: 'bob' }, false],
];

it.each(scopes)('a freeze that names %s', (_, named, stopped) => {
  const { dir, write } = scratch();
  write(
    'control.json',
    text({ ...freezeOf('elsewhere'), tool: 'x' }, { ...freezeOf('r'), ...named }),
  );
  expect(createControl(dir).frozen(scope)).toBe(stopped ? 'r' : undefined);
});

it('only a freeze without a scope stops everything', () => {
  const { dir, write } = scratch();
  write('control.json', text({ ...freezeOf('files only'), server: 'files' }));
  expect(createControl(dir).current().freeze).toBeUndefined();
  write('control.json', text({ ...freezeOf('files only'), server: 'files' }, freezeOf('all')));
  expect(createControl(dir).current().freeze).toBe('all');
});

it('somebody unknown is stopped by every freeze but one of a subject', () => {
  const { dir, write } = scratch();
  const unknown = { ...scope, subject: null };
  write('control.json', text({ ...freezeOf('alice only'), subject: 'alice' }));
  expect(createControl(dir).frozen(unknown)).toBeUndefined();
  write('control.json', text({ ...freezeOf(''), server: 'files' }));
  expect(createControl(dir).frozen(unknown)).toBe('no reason given');
});
