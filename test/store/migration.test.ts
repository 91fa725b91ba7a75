import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Frontier, pushLeaf, rootOf } from '../../src/journal/merkle.ts';
import type { Database } from '../../src/store/driver.ts';
import { sealEntry } from '../../src/store/seal-entry.ts';
import { compiledSources } from '../harness/compiled.ts';
import { atEnd, decision, expectSound, openBeside, openScratch, scratchFolder } from './scratch.ts';

const compiled = compiledSources();
const fixtures = join(import.meta.dirname, 'fixtures');
// The statements that made the tables of each version, as they stood in the sources then.
const tablesOf = (version: Old) => readFileSync(join(fixtures, `schema-${version}.sql`), 'utf8');

type Old = '1' | '2' | '3';

/** A state folder as a gate of an older version left it, with `count` entries and a decision in flight. */
function oldFolder(version: Old, count: number): string {
  const dir = scratchFolder();
  mkdirSync(dir, { mode: 0o700 });
  writeFileSync(join(dir, 'gate.db'), '', { mode: 0o600 });
  const database = openBeside(dir);
  database.exec('PRAGMA journal_mode = WAL');
  database.exec(tablesOf(version));
  database.exec(`INSERT INTO meta VALUES ('schema', '${version}'), ('log_id', 'aa')`);
  fill(database, count);
  return dir;
}

function fill(database: Database, count: number): void {
  const insert = database.prepare('INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?)');
  let frontier: Frontier = [];
  for (let seq = 0; seq < count; seq += 1) {
    const draft = decision(`old-${seq}`);
    const { body, leaf } = sealEntry(draft);
    insert.run(seq, draft.timeMs, draft.kind, 'trace', `old-${seq}`, body, leaf);
    frontier = pushLeaf(frontier, seq, leaf);
  }
  database
    .prepare('INSERT INTO head VALUES (1, ?, ?, ?)')
    .run(count, Buffer.concat(frontier), rootOf(frontier));
  const inflight = database.prepare('INSERT INTO inflight VALUES (?, ?, ?, ?, ?, ?)');
  inflight.run('old-0', 'trace', 'gone', 'files', 'write', 1);
}

function schemaOf(dir: string): unknown {
  return openBeside(dir).prepare("SELECT value FROM meta WHERE key = 'schema'").get();
}

const old = ['1', '2', '3'] as const;

test.each(old)(
  'a file of version %s keeps its journal and takes what later ones keep',
  async (version) => {
    const dir = oldFolder(version, 5);
    const store = openScratch(dir);
    expectSound(store, 5);
    expect(store.isInflight('old-0')).toBe(true);
    await store.write('decision', (tx) => {
      tx.append(decision('new'));
      tx.putReusable({ key: 'k', decisionId: 'new', payload: 'p', expiresMs: 9 });
    });
    expectSound(store, 6);
    expect(store.reusable('k')).toMatchObject({ decisionId: 'new' });
    expect(store.grants()).toEqual([]);
    expect(store.approvalAfter('ap_0')).toBeUndefined();
    expect(schemaOf(dir)).toEqual({ value: '4' });
  },
);

test.each(old)(
  'a file that has just been made has the tables of one that was of version %s',
  (version) => {
    const [brought, fresh] = [oldFolder(version, 0), scratchFolder()];
    openScratch(brought);
    openScratch(fresh);
    const tables = (dir: string) =>
      openBeside(dir).prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY name').all();
    expect(tables(brought)).toEqual(tables(fresh));
  },
);

test('an approval of version 3 comes back as one that nobody has changed, and a changed one as it was put', async () => {
  const dir = oldFolder('3', 1);
  const values = [
    ...[
      'a1',
      'pending',
      'key',
      'binding',
      'gate',
      'files',
      'write',
      'p1',
      'because',
      '[]',
      'os:rita',
    ],
    ...['[]', 1, 'sha256:p', 'dev', 'trace', 'd1', 10, 2_000, null, '[]', null, null, null],
  ];
  const insert = `INSERT INTO approval VALUES (${values.map(() => '?').join(', ')})`;
  openBeside(dir)
    .prepare(insert)
    .run(...values);
  const store = openScratch(dir);
  const row = store.approval('a1');
  if (row === undefined) throw new Error('it is gone');
  expect(row.edited).toBeUndefined();
  const by = { by: 'dana', via: 'credential', atMs: 20 } as const;
  const edited = { ...row, id: 'a2', createdMs: 20, edited: { of: 'a1', ofBinding: 'b', ...by } };
  await store.write('decision', (tx) => tx.putApproval(edited));
  expect(store.approvalAfter('a1')).toEqual(edited);
  expect(store.approvals(['pending'])).toEqual([row, edited]);
});

test('a file of a later version is refused, and stays as it was', () => {
  const dir = oldFolder('3', 1);
  openBeside(dir).exec("UPDATE meta SET value = '5' WHERE key = 'schema'");
  expect(() => openScratch(dir)).toThrow('"gate.db" has schema "5", expected "4"');
  expect(schemaOf(dir)).toEqual({ value: '5' });
});

test('when it cannot be finished, the file stays as it was', async () => {
  const dir = oldFolder('1', 2);
  const beside = openBeside(dir);
  // Something of that name stands in the way of the last table.
  beside.exec('CREATE VIEW reusable_expires AS SELECT 1');
  expect(() => openScratch(dir)).toThrow();
  expect(schemaOf(dir)).toEqual({ value: '1' });
  beside.exec('DROP VIEW reusable_expires');
  const names = "SELECT name FROM sqlite_schema WHERE name IN ('budget', 'claim', 'reusable')";
  expect(beside.prepare(names).all()).toEqual([]);
  expectSound(openScratch(dir), 2);
});

test('processes that bring one file up to date at once all write to its journal', async () => {
  const dir = oldFolder('1', 3);
  const writers = ['a', 'b', 'c', 'd'].map((name) => {
    const child = fork(join(fixtures, 'writer.mjs'), [compiled(), dir, name], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const exited = once(child, 'close');
    const acknowledged: string[] = [];
    child.on('message', (sent: string[]) => acknowledged.push(...sent));
    atEnd(async () => {
      child.kill('SIGKILL');
      await exited;
    });
    return { child, exited, acknowledged, ready: once(child, 'message') };
  });
  await Promise.all(writers.map(({ ready }) => ready));
  for (const { child } of writers) child.send('stop');
  expect(await Promise.all(writers.map(({ exited }) => exited))).toEqual(
    writers.map(() => [0, null]),
  );
  const written = writers.flatMap(({ acknowledged }) => acknowledged).length;
  expectSound(openScratch(dir), 3 + written);
  expect(schemaOf(dir)).toEqual({ value: '4' });
});
