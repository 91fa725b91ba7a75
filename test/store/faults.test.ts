import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { Connection } from '../../src/store/connection.ts';
import { openDatabase } from '../../src/store/database.ts';
import { type Database, loadDriver } from '../../src/store/driver.ts';
import { prepareFolder } from '../../src/store/folder.ts';
import { createStore, openStore } from '../../src/store/sqlite-store.ts';
import { atEnd, decision, expectSound, openScratch, scratchFolder } from './scratch.ts';

interface Fault {
  readonly at: string;
  readonly errcode: number;
  readonly persisted: boolean;
}

test.each([
  ['the lock cannot be taken', 'BEGIN IMMEDIATE', 10, false],
  ['the disk is full at the entry', 'INSERT INTO journal', 13, false],
  ['the disk fails at the entry', 'INSERT INTO journal', 778, false],
  ['the entry is written, but the answer is an error', 'INSERT INTO journal', 778, true],
  ['the file has become read-only at the head', 'UPDATE head SET size = ?', 8, false],
  ['the head is written, but the answer is an error', 'UPDATE head SET size = ?', 10, true],
  ['the commit finds the disk full', 'COMMIT', 13, false],
  ['the sync of the commit fails', 'COMMIT', 1034, false],
  ['the file is damaged', 'SELECT size', 11, false],
])(
  'when %s, all works of the group are refused and the next is kept',
  async (_name, at, errcode, persisted) => {
    const { store, fail } = openFaulty();
    await store.write('decision', (tx) => tx.append(decision('d0')));
    fail({ at, errcode, persisted });
    const writes = ['d1', 'd2'].map((id) =>
      store.write('decision', (tx) => tx.append(decision(id))),
    );
    for (const write of writes) {
      await expect(write).rejects.toMatchObject({
        code: 'store_unavailable',
        message: `cannot use "gate.db": sqlite fault at ${at}`,
      });
    }
    await store.write('decision', (tx) => tx.append(decision('d3')));
    expect(store.journal.decision('d1')).toBeUndefined();
    expectSound(store, 2);
  },
);

test('when a commit is kept though it answered with an error, the journal is whole and goes on', async () => {
  const { store, fail } = openFaulty();
  fail({ at: 'COMMIT', errcode: 1034, persisted: true });
  const write = store.write('decision', (tx) => tx.append(decision('d1')));
  await expect(write).rejects.toMatchObject({ code: 'store_unavailable' });
  await store.write('decision', (tx) => tx.append(decision('d2')));
  expectSound(store, 2);
});

test('a read that fails says so, and the next one succeeds', async () => {
  const { store, fail } = openFaulty();
  await store.write('decision', (tx) => tx.append(decision('d1')));
  const version = store.version();
  fail({ at: 'WHERE decision_id', errcode: 10, persisted: false });
  expect(() => store.journal.decision('d1')).toThrow('cannot use "gate.db"');
  expect(store.journal.decision('d1')?.seq).toBe(0);
  expect(store.version()).not.toBe(version);
});

test('a disk that is really full refuses the write, and the next one is kept when there is room', async () => {
  const { store, database } = openFaulty();
  const large = decision('d1', { text: 'x'.repeat(50_000) });
  database().exec('PRAGMA max_page_count = 1');
  await expect(store.write('decision', (tx) => tx.append(large))).rejects.toMatchObject({
    code: 'store_unavailable',
    message: 'cannot use "gate.db": database or disk is full',
  });
  database().exec('PRAGMA max_page_count = 1000000');
  await store.write('decision', (tx) => tx.append(large));
  expectSound(store, 1);
});

test('a connection that is really read-only refuses the write, and the next one opens anew', async () => {
  const { store, database } = openFaulty();
  database().exec('PRAGMA query_only = ON');
  await expect(store.write('decision', (tx) => tx.append(decision('d1')))).rejects.toMatchObject({
    code: 'store_unavailable',
    message: 'cannot use "gate.db": attempt to write a readonly database',
  });
  await store.write('decision', (tx) => tx.append(decision('d2')));
  expectSound(store, 1);
});

test('a state folder that is moved away under the store refuses writes until it is back', async () => {
  const dir = scratchFolder();
  const store = openScratch(dir);
  await store.write('decision', (tx) => tx.append(decision('d1')));
  const version = store.version();
  renameSync(dir, `${dir}.away`);
  await expect(store.write('decision', (tx) => tx.append(decision('d2')))).rejects.toMatchObject({
    code: 'store_unavailable',
    message: '"gate.db" was moved or removed while in use',
    hint: 'put the state folder back as it was, or start the gate again',
  });
  expect(store.version()).toBe(version);
  renameSync(`${dir}.away`, dir);
  await store.write('decision', (tx) => tx.append(decision('d3')));
  expectSound(store, 2);
});

test('a file that was put in the place of the open one is not written', async () => {
  const dir = scratchFolder();
  const store = openScratch(dir);
  renameSync(dir, `${dir}.away`);
  const other = openScratch(dir);
  await expect(store.write('decision', (tx) => tx.append(decision('d1')))).rejects.toMatchObject({
    message: '"gate.db" was moved or removed while in use',
  });
  expectSound(other, 0);
});

test('a folder that cannot be made refuses to open, and opens once it can', async () => {
  const dir = scratchFolder();
  const blocked = join(dirname(dir), 'blocked');
  writeFileSync(blocked, '');
  const options = { dir: join(blocked, 'state'), durability: 'power', clock: Date.now } as const;
  expect(() => openStore(options)).toThrow(
    expect.objectContaining({
      code: 'store_unavailable',
      message: expect.stringContaining(`cannot use "${options.dir}": ENOTDIR`),
    }),
  );
  rmSync(blocked);
  expectSound(openScratch(options.dir), 0);
});

test('a file that is no database is refused', () => {
  const dir = scratchFolder();
  mkdirSync(dir, { mode: 0o700 });
  writeFileSync(join(dir, 'gate.db'), 'not a database'.repeat(100), { mode: 0o600 });
  expect(() => openScratch(dir)).toThrow(
    expect.objectContaining({
      code: 'store_unavailable',
      message: 'cannot use "gate.db": file is not a database',
    }),
  );
});

/** A store on real SQLite, one step of which can be made to fail once as a bad disk would. */
function openFaulty() {
  const driver = loadDriver();
  const path = prepareFolder(scratchFolder());
  let next: Fault | undefined;
  let current: Database | undefined;
  const open = () => {
    const real = openDatabase(driver, path);
    current = real;
    return withFaults(real, (at, step) => {
      if (next === undefined || !at.includes(next.at)) return step();
      const fault = next;
      next = undefined;
      if (fault.persisted) step();
      throw Object.assign(new Error(`sqlite fault at ${fault.at}`), { errcode: fault.errcode });
    });
  };
  const store = createStore(new Connection(open(), open, () => true), {
    durability: 'power',
    clock: Date.now,
  });
  atEnd(() => store.close());
  const database = () => {
    if (current === undefined) throw new Error('no database is open');
    return current;
  };
  const fail = (fault: Fault) => {
    next = fault;
  };
  return { store, fail, database };
}

function withFaults(real: Database, wrap: <T>(at: string, step: () => T) => T): Database {
  return {
    exec: (text) => wrap(text, () => real.exec(text)),
    prepare: (text) => {
      const statement = real.prepare(text);
      return {
        run: (...values) => wrap(text, () => statement.run(...values)),
        get: (...values) => wrap(text, () => statement.get(...values)),
        all: (...values) => wrap(text, () => statement.all(...values)),
      };
    },
    close: () => real.close(),
  };
}
