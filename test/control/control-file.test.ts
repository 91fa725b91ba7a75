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
  const { dir, write } = scratch();
  createControl(dir).ensure();
  write('control.json', text(freezeOf('incident')));
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
  ['a file without end', `{"rev": 1, "freeze": null, "mode": null}${' '.repeat(1_100_000)}`],
];

it.each(malformed)('%s means frozen', (_, text) => {
  const { dir, write } = scratch();
  const control = createControl(dir);
  control.ensure();
  write('control.json', text);
  expect(control.current()).toEqual({ ...nothing, freeze: unreadable });
  expect(control.frozen(scope)).toBe(unreadable);
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

it('so do those of a tick that another one has asked for', async () => {
  const { dir, write } = scratch();
  const control = createControl(dir);
  control.ensure();
  await nextTick();
  const later = async () => {
    write('control.json', text(freezeOf('now')));
    await Promise.resolve();
    return control.current();
  };
  const inNextTick = new Promise<[unknown, unknown]>((resolve) => {
    process.nextTick(() => {
      const first = control.current();
      void later().then((second) => resolve([first, second]));
    });
  });
  expect(await inNextTick).toEqual([free(1), free(1)]);
  await nextTick();
  expect(control.current().freeze).toBe('now');
});

it('a freeze without a reason is a freeze', () => {
  const { dir, write } = scratch();
  write('control.json', text(freezeOf('')));
  expect(createControl(dir).current().freeze).toBe('no reason given');
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

it('a document of before there were scopes counts', () => {
  const { dir, write } = scratch();
  write(
    'control.json',
    '{"rev": 7, "freeze": {"reason": "old", "by": "bob", "at": "then"}, "mode": "enforce"}',
  );
  expect(createControl(dir).current()).toEqual({
    rev: 7,
    freeze: 'old',
    freezes: [{ ...freezeOf('old'), id: 'fz_first', by: 'bob', at: 'then' }],
    mode: 'enforce',
  });
});

it('a first start does not replace a freeze that is made at the same time', () => {
  const { dir, write } = scratch();
  const control = createControl(dir);
  expect(control.current().freeze).toBeUndefined();
  write('control.json', text(freezeOf('just now')));
  control.ensure();
  expect(createControl(dir).current().freeze).toBe('just now');
});
