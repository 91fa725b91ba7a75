import { expect, test } from 'vitest';
import { leafHash, rootOfLeaves } from '../../src/journal/merkle.ts';
import type { EntryDraft } from '../../src/store/contract.ts';
import { sql } from '../../src/store/sql.ts';
import { decision, expectSound, openBeside, openScratch, scratchFolder } from './scratch.ts';

test('an entry is kept as its canonical text, with kind, time and ids in it', async () => {
  const store = openScratch(scratchFolder());
  const draft = decision('d1', {
    tool: 'read',
    nested: { b: 1, a: [true, null] },
    absent: undefined,
  });
  const id = await store.write('decision', (tx) => tx.append(draft));
  const body =
    '{"decision_id":"d1","kind":"decision","nested":{"a":[true,null],"b":1},' +
    '"time":"2023-11-14T22:13:20.123Z","tool":"read","trace_id":"trace","v":1}';
  const leaf = leafHash(body).toString('hex');
  expect(id).toEqual({ seq: 0, leaf });
  expect(store.journal.decision('d1')).toEqual({
    seq: 0,
    leaf,
    kind: 'decision',
    traceId: 'trace',
    body,
  });
});

test('an entry without trace and decision has neither in its text', async () => {
  const store = openScratch(scratchFolder());
  await store.write('decision', (tx) => tx.append({ kind: 'gate.started', timeMs: 0, fields: {} }));
  expect(store.journal.range(0, 1)).toMatchObject([
    { traceId: undefined, body: '{"kind":"gate.started","time":"1970-01-01T00:00:00.000Z","v":1}' },
  ]);
});

test('the root over all bodies is the head after mixed groups', async () => {
  const store = openScratch(scratchFolder());
  const writes = Array.from({ length: 700 }, (_, at) =>
    store.write(at % 3 === 0 ? 'outcome' : 'decision', (tx) => tx.append(decision(`d${at}`))),
  );
  const ids = await Promise.all(writes);
  expect(ids.map((id) => id.seq)).toEqual(ids.map((_, at) => at));
  expectSound(store, 700);
});

test('a transaction sees its own entries and their root', async () => {
  const store = openScratch(scratchFolder());
  const seen = await store.write('decision', (tx) => {
    tx.append(decision('d1'));
    tx.append(decision('d2'));
    return { head: tx.journal.head(), last: tx.journal.last(1, undefined) };
  });
  expect(seen.head).toEqual(store.journal.head());
  expect(seen.last).toEqual(store.journal.range(1, 1));
});

test('every 256 leaves make one tile, and 256 tiles one tile of the next level', async () => {
  const dir = scratchFolder();
  const store = openScratch(dir, { durability: 'process' });
  const size = 65_536 + 300;
  for (let at = 0; at < size; at += 1_024) {
    const count = Math.min(1_024, size - at);
    await store.write('outcome', (tx) => {
      for (let i = 0; i < count; i += 1) tx.append({ kind: 'outcome', timeMs: 0, fields: { i } });
    });
  }
  const tiles = openBeside(dir)
    .prepare('SELECT level, position, hashes, root FROM tile ORDER BY level, position')
    .all();
  expect(tiles.map((tile) => `${tile['level']}/${tile['position']}`)).toEqual([
    ...Array.from({ length: 257 }, (_, at) => `0/${at}`),
    '1/0',
  ]);
  for (const at of [0, 1, 2, 3, 255]) {
    const leaves = store.journal
      .range(at * 256, 256)
      .map((entry) => Buffer.from(entry.leaf, 'hex'));
    expect(Buffer.from(tiles[at]?.['hashes'] as Uint8Array)).toEqual(Buffer.concat(leaves));
    expect(Buffer.from(tiles[at]?.['root'] as Uint8Array)).toEqual(rootOfLeaves(leaves));
  }
  const roots = tiles.slice(0, 256).map((tile) => Buffer.from(tile['root'] as Uint8Array));
  expect(Buffer.from(tiles[257]?.['hashes'] as Uint8Array)).toEqual(Buffer.concat(roots));
  expectSound(store, size);
});

test('entries are found by trace, by decision, by kind and by place', async () => {
  const store = openScratch(scratchFolder());
  const drafts: EntryDraft[] = [
    { kind: 'decision', timeMs: 0, traceId: 'a', decisionId: 'd1', fields: {} },
    { kind: 'outcome', timeMs: 0, traceId: 'a', decisionId: 'd1', fields: {} },
    { kind: 'decision', timeMs: 0, traceId: 'b', decisionId: 'd2', fields: {} },
    { kind: 'pin.added', timeMs: 0, fields: {} },
  ];
  await store.write('decision', (tx) => drafts.map((draft) => tx.append(draft)));
  const { journal } = store;
  const places = (entries: readonly { seq: number }[]) => entries.map((entry) => entry.seq);
  expect(places(journal.trace('a'))).toEqual([0, 1]);
  expect(journal.trace('c')).toEqual([]);
  expect(journal.decision('d2')?.seq).toBe(2);
  expect(journal.decision('d3')).toBeUndefined();
  expect(places(journal.last(3, undefined))).toEqual([3, 2, 1]);
  expect(places(journal.last(2, ['decision', 'pin.added', 'decision']))).toEqual([3, 2]);
  expect(places(journal.last(9, ['gate.stopped']))).toEqual([]);
  expect(places(journal.range(1, 2))).toEqual([1, 2]);
  expect(places(journal.range(4, 2))).toEqual([]);
});

test('the last entries of a kind that is rare are found by an index', () => {
  const dir = scratchFolder();
  openScratch(dir);
  const plan = openBeside(dir)
    .prepare(`EXPLAIN QUERY PLAN ${sql.lastEntriesOfKind.replaceAll(/\$\d/g, '?')}`)
    .all('pin.added', 1);
  expect(plan.map((row) => row['detail'])).toEqual([
    'SEARCH journal USING INDEX journal_kind (kind=?)',
  ]);
});

test.each([
  [
    'with more than 60,000 bytes',
    { text: 'x'.repeat(60_000) },
    'message_too_large',
    'journal entry "decision" has 60107 bytes, expected at most 60000',
  ],
  [
    'with more than 60,000 bytes in fewer characters',
    { text: '€'.repeat(20_000) },
    'message_too_large',
    'journal entry "decision" has 60107 bytes, expected at most 60000',
  ],
  [
    'that sets its own kind',
    { kind: 'outcome' },
    'invalid_json',
    'field "kind" of a journal entry is set by the journal',
  ],
  [
    'that sets its own trace',
    { trace_id: 'x' },
    'invalid_json',
    'field "trace_id" of a journal entry is set by the journal',
  ],
  ['with half a surrogate pair', { text: '\ud800' }, 'invalid_json', 'value has no canonical form'],
  [
    'with a number that is none',
    { count: Number.NaN },
    'invalid_json',
    'value has no canonical form',
  ],
])('an entry %s is refused and leaves nothing', async (_name, fields, code, message) => {
  const store = openScratch(scratchFolder());
  const write = store.write('decision', (tx) => tx.append(decision('d1', fields)));
  await expect(write).rejects.toMatchObject({ code, message });
  expectSound(store, 0);
});

test('an entry of 60,000 bytes is kept', async () => {
  const store = openScratch(scratchFolder());
  const fields = { text: 'x'.repeat(60_000 - 107) };
  await store.write('decision', (tx) => tx.append(decision('d1', fields)));
  expect(Buffer.byteLength(store.journal.range(0, 1)[0]?.body ?? '')).toBe(60_000);
});

test('a store that is opened again goes on where it ended', async () => {
  const dir = scratchFolder();
  const first = openScratch(dir);
  await first.write('decision', (tx) => tx.append(decision('d1')));
  await first.close();
  const second = openScratch(dir);
  await second.write('decision', (tx) => tx.append(decision('d2')));
  expectSound(second, 2);
});
