import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDatabase } from '../../src/store/database.ts';
import { checkVersion, type Database, isSound, loadDriver } from '../../src/store/driver.ts';
import { prepareFolder } from '../../src/store/folder.ts';
import { atEnd, decision, openBeside, openScratch, scratchFolder } from './scratch.ts';

test.each([
  ['3.44.5', false],
  ['3.44.6', true],
  ['3.45.1', false],
  ['3.50.6', false],
  ['3.50.7', true],
  ['3.51.2', false],
  ['3.51.3', true],
  ['3.52.0', false],
  ['3.52.1', true],
  ['3.53.4', true],
  ['4.0.0', false],
  ['undefined', false],
])('sqlite %s is sound: %s', (version, sound) => {
  expect(isSound(version)).toBe(sound);
});

test('a library that loses commits is refused with what to use instead', () => {
  const answer = { run: () => ({ changes: 0 }), get: () => ({ version: '3.51.2' }), all: () => [] };
  const old: Database = { exec: () => {}, prepare: () => answer, close: () => {} };
  expect(() => checkVersion(old)).toThrow(
    expect.objectContaining({
      code: 'store_unsupported',
      message: 'expected sqlite 3.51.3 or newer, got "3.51.2"',
      hint: 'use node 22.22.3, 24.15 or newer, or install the optional dependency "@photostructure/sqlite"',
    }),
  );
});

test('folder and files are for their owner alone', async () => {
  const dir = scratchFolder();
  const store = openScratch(dir);
  await store.write('decision', (tx) => tx.append(decision('d1')));
  const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);
  expect(mode(dir)).toBe('700');
  for (const name of ['gate.db', 'gate.db-wal', 'gate.db-shm']) {
    expect(`${name} ${mode(join(dir, name))}`).toBe(`${name} 600`);
  }
});

test.each([
  ['a folder that others may read', 'state', 0o755, '0700', '0755'],
  ['a folder that the group may enter', 'state', 0o710, '0700', '0710'],
  ['a database that others may read', 'state/gate.db', 0o604, '0600', '0604'],
])('%s is refused', (_name, shared, mode, expected, got) => {
  const dir = scratchFolder();
  mkdirSync(dir, { mode: 0o700 });
  writeFileSync(join(dir, 'gate.db'), '', { mode: 0o600 });
  const path = join(dir, '..', shared);
  chmodSync(path, mode);
  expect(() => openScratch(dir)).toThrow(
    expect.objectContaining({
      code: 'store_unsupported',
      message: `"${path}" is open to other users: expected mode ${expected}, got ${got}`,
      hint: `chmod ${expected} '${path}'`,
    }),
  );
});

test('the settings are what the journal needs', () => {
  const database = openDatabase(loadDriver(), prepareFolder(scratchFolder()));
  atEnd(() => database.close());
  const setting = (name: string) =>
    Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {}).join();
  const names = [
    'journal_mode',
    'synchronous',
    'busy_timeout',
    'secure_delete',
    'foreign_keys',
    'journal_size_limit',
  ];
  expect(names.map(setting)).toEqual(['wal', '2', '0', '1', '1', '16777216']);
});

test('a database of another schema is refused', async () => {
  const dir = scratchFolder();
  await openScratch(dir).close();
  openBeside(dir).exec("UPDATE meta SET value = '99' WHERE key = 'schema'");
  expect(() => openScratch(dir)).toThrow(
    expect.objectContaining({
      code: 'store_unsupported',
      message: '"gate.db" has schema "99", expected "4"',
      hint: 'use the version of mcp-gate that wrote it, or another state folder',
    }),
  );
});
