import { renameSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Connection } from '../../src/store/connection.ts';
import type { Posting, Store } from '../../src/store/contract.ts';
import { openDatabase } from '../../src/store/database.ts';
import { loadDriver } from '../../src/store/driver.ts';
import { holdIdentity, identityOf, prepareFolder } from '../../src/store/folder.ts';
import { createStore } from '../../src/store/sqlite-store.ts';
import { WriterThread } from '../../src/store/writer-thread.ts';
import { atEnd, decision, expectSound, openBeside, openScratch, scratchFolder } from './scratch.ts';

// The thread is built JavaScript: run `npm run build` before these tests.

const dying = new URL('./fixtures/dying-writer.mjs', import.meta.url);

const began = (decisionId: string): Posting => ({
  entry: {
    ...decision(decisionId, { input_hash: null, made: 'here' }),
    kind: 'decision',
    decisionId,
  },
  commitments: { input_hash: `the input of ${decisionId}` },
  payload: { id: decisionId, kind: 'input', commitment: 'input_hash', expiresMs: 2_000 },
  begins: {
    decisionId,
    traceId: 'trace',
    instance: 'i',
    server: 's',
    tool: 't',
    startedMs: 1,
  },
  ends: false,
});

const ended = (decisionId: string, fields = {}): Posting => ({
  entry: { ...decision(decisionId, fields), kind: 'outcome', decisionId },
  commitments: {},
  payload: undefined,
  begins: undefined,
  ends: true,
});

const names = (count: number, first = 0) =>
  Array.from({ length: count }, (_, at) => `d${first + at}`);

/** What stands in the journal, in order. */
const written = ({ journal }: Store) =>
  journal.range(0, 1000).map(({ kind, body }) => `${kind} ${JSON.parse(body).decision_id}`);

test('postings are committed by the thread in the order in which they came', async () => {
  const { store, thread } = await openThreaded();
  const before = store.version();
  const posted = names(300).map((name) => store.post('decision', began(name)));
  await turn();
  expect(thread.isReady()).toBe(false);
  await Promise.all(posted);
  expect(written(store)).toEqual(names(300).map((name) => `decision ${name}`));
  expect(store.version()).not.toBe(before);
  expectSound(store, 300);
});

test('the thread leaves what this thread leaves', async () => {
  const { store } = await openThreaded();
  const single = await openScratch(scratchFolder());
  await Promise.all(names(8).map((name) => store.post('decision', began(name))));
  for (const name of names(8)) await single.post('decision', began(name));
  const seen = (from: Store) => ({
    bodies: from.journal.range(0, 8).map(({ body }) => JSON.parse(body)),
    payloads: names(8).map((name) => from.payload(name)?.toString()),
    inflight: from.inflight(),
  });
  const [one, other] = [seen(store), seen(single)];
  const hashes = [...one.bodies, ...other.bodies].map((body) => body.input_hash);
  expect(hashes.every((hash) => /^[0-9a-f]{64}$/.test(hash))).toBe(true);
  expect(new Set(hashes).size).toBe(16);
  for (const body of [...one.bodies, ...other.bodies]) body.input_hash = 'salted';
  expect(one).toEqual(other);
  expect(one.payloads[0]).toBe('the input of d0');
});

test('an outcome is written behind its decision, and once', async () => {
  const { store } = await openThreaded();
  const posted = [
    ...names(5).map((name) => store.post('decision', began(name))),
    ...['d0', 'd0', 'd4', 'other'].map((name) => store.post('outcome', ended(name))),
  ];
  await Promise.all(posted);
  expect(written(store)).toEqual([
    ...names(5).map((name) => `decision ${name}`),
    'outcome d0',
    'outcome d4',
  ]);
  expect(store.inflight().map((row) => row.decisionId)).toEqual(['d1', 'd2', 'd3']);
  expectSound(store, 7);
});

test('works and postings keep their order among each other', async () => {
  const { store } = await openThreaded();
  const came: string[] = [];
  const answered: string[] = [];
  const all: Promise<unknown>[] = [];
  const follow = (name: string, answer: Promise<unknown>) => {
    came.push(name);
    all.push(answer.then(() => answered.push(name)));
  };
  for (const name of names(40)) {
    follow(name, store.post('decision', began(name)));
    if (name === 'd9' || name === 'd30') {
      await turn();
      const work = `${name}-work`;
      follow(
        work,
        store.write('decision', (tx) => tx.append(decision(work))),
      );
    }
  }
  await Promise.all(all);
  expect(answered).toEqual(came);
  expect(written(store)).toEqual(came.map((name) => `decision ${name}`));
  expectSound(store, 42);
});

test('what the tables or the journal refuse is refused alone', async () => {
  const { store } = await openThreaded();
  const large = ended('d1', { text: 'x'.repeat(70_000) });
  const posted = [
    ...names(5).map((name) => store.post('decision', began(name))),
    store.post('outcome', large),
    store.post('decision', began('d2')),
    store.post('outcome', ended('d3')),
  ];
  const results = await Promise.allSettled(posted);
  expect(results.map(({ status }) => status)).toEqual([
    ...Array.from({ length: 5 }, () => 'fulfilled'),
    'rejected',
    'rejected',
    'fulfilled',
  ]);
  expect(results[5]).toMatchObject({ reason: { code: 'message_too_large' } });
  expect(results[6]).toMatchObject({
    reason: { code: 'store_unavailable', message: expect.stringContaining('UNIQUE constraint') },
  });
  // An outcome that was not written leaves its decision in flight.
  expect(store.inflight().map((row) => row.decisionId)).toEqual(['d0', 'd1', 'd2', 'd4']);
  expectSound(store, 6);
});

test('a lock of another process is waited for, and what comes meanwhile joins', async () => {
  const { store, dir } = await openThreaded();
  const beside = openBeside(dir);
  beside.exec('BEGIN IMMEDIATE');
  const first = names(8).map((name) => store.post('decision', began(name)));
  await wait(50);
  const joining = store.write('decision', (tx) => tx.append(decision('late')));
  expect(store.journal.head().size).toBe(0);
  beside.exec('COMMIT');
  await Promise.all([...first, joining]);
  expect(written(store)).toEqual([...names(8), 'late'].map((name) => `decision ${name}`));
});

test('a lock that stays refuses all of a batch after two seconds, and nothing of it is kept', async () => {
  const { store, dir } = await openThreaded();
  const beside = openBeside(dir);
  beside.exec('BEGIN IMMEDIATE');
  const posted = names(8).map((name) => store.post('decision', began(name)));
  for (const each of posted) {
    await expect(each).rejects.toMatchObject({
      code: 'store_unavailable',
      message: 'another process has kept "gate.db" locked for 2000 ms',
    });
  }
  beside.exec('COMMIT');
  await Promise.all(names(8, 8).map((name) => store.post('decision', began(name))));
  expect(store.journal.decision('d0')).toBeUndefined();
  expectSound(store, 8);
});

test.each(['before', 'within'])('a thread that dies %s its commit keeps nothing', async (how) => {
  const { store } = await openThreaded({ file: dying, dies: how });
  const posted = names(8).map((name) => store.post('decision', began(name)));
  for (const each of posted) {
    await expect(each).rejects.toMatchObject({
      code: 'store_unavailable',
      message: 'the writer thread has died',
    });
  }
  expectSound(store, 0);
  // The lock went with it, and this thread commits in its place.
  await Promise.all(names(8).map((name) => store.post('decision', began(name))));
  expectSound(store, 8);
});

test('what a thread had committed before it died counts as committed', async () => {
  const { store } = await openThreaded({ file: dying, dies: 'after' });
  await Promise.all(names(8).map((name) => store.post('decision', began(name))));
  expect(written(store)).toEqual(names(8).map((name) => `decision ${name}`));
  expect(store.inflight().length).toBe(8);
  expectSound(store, 8);
});

test('outcomes that a dead thread had not written are refused, and can be written again', async () => {
  const { store } = await openThreaded({ file: dying, dies: 'before' });
  for (const name of names(8)) await store.post('decision', began(name));
  const posted = names(8).map((name) => store.post('outcome', ended(name)));
  const results = await Promise.allSettled(posted);
  expect(results.map(({ status }) => status)).toEqual(names(8).map(() => 'rejected'));
  await Promise.all(names(8).map((name) => store.post('outcome', ended(name))));
  expect(store.inflight()).toEqual([]);
  expectSound(store, 16);
});

test('without a thread everything is committed all the same', async () => {
  const { store, thread } = await openThreaded({ file: new URL('./missing.mjs', import.meta.url) });
  for (const first of [0, 20]) {
    await Promise.all(names(20, first).map((name) => store.post('decision', began(name))));
  }
  expect(thread.isReady()).toBe(false);
  expectSound(store, 40);
});

test('closing commits what was posted and ends the thread', async () => {
  const { store, thread, dir } = await openThreaded();
  const posted = names(600).map((name) => store.post('decision', began(name)));
  await turn();
  const closed = store.close();
  await expect(store.post('decision', began('late'))).rejects.toMatchObject({
    message: 'store is closed',
  });
  await Promise.all([...posted, closed]);
  expect(thread.isReady()).toBe(false);
  expectSound(openScratch(dir), 600);
});

test('a state folder that is moved away refuses postings, too', async () => {
  const { store, dir } = await openThreaded();
  renameSync(dir, `${dir}.away`);
  for (const posted of names(8).map((name) => store.post('decision', began(name)))) {
    await expect(posted).rejects.toMatchObject({
      code: 'store_unavailable',
      message: '"gate.db" was moved or removed while in use',
      hint: 'put the state folder back as it was, or start the gate again',
    });
  }
  renameSync(`${dir}.away`, dir);
  await Promise.all(names(8).map((name) => store.post('decision', began(name))));
  expectSound(store, 8);
});

interface Thread {
  readonly file?: URL;
  /** When the thread of the fixture dies. */
  readonly dies?: string;
}

/** A store whose thread is there already, if it can be, so that the next eight postings of one turn go to it. */
async function openThreaded({ file, dies }: Thread = {}) {
  const dir = scratchFolder();
  const path = prepareFolder(dir);
  const open = () => openDatabase(loadDriver(), path);
  const identity = identityOf(path);
  const told = { path, identity, dies };
  const thread = new WriterThread(told, file);
  const connection = new Connection(open(), open, holdIdentity(path, identity));
  const store = createStore(connection, { durability: 'power', clock: () => 1_000 }, thread);
  atEnd(() => store.close());
  const isMissing = file !== undefined && dies === undefined;
  if (!isMissing) await expect.poll(() => thread.isReady(), { timeout: 10_000 }).toBe(true);
  return { store, thread, dir };
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
