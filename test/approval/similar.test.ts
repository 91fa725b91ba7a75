import { expect, it } from 'vitest';
import { differing, groupText, similarAmong, similarKey } from '../../src/approval/view/similar.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { decision, deskScratch } from './desk-scratch.ts';

it('what differs in its arguments alone is alike', async () => {
  const { ask } = deskScratch();
  const rows = [
    await ask({ canonicalArguments: '{"a":1}' }),
    await ask({ canonicalArguments: '{"a":2}', traceId: 'f'.repeat(32), decisionId: 'd9' }),
    await ask({ canonicalArguments: '{"a":3}', decision: decision({ quorum: 2 }) }),
  ];
  const others = await Promise.all([
    ask({ tool: 'delete_file' }),
    ask({ server: 'mail' }),
    ask({ requester: 'os:mallory', scope: 'os:mallory' }),
    ask({ gate: 'gate-two' }),
    ask({ environment: 'prod' }),
    ask({ decision: decision({}, ['files.big']) }),
  ]);
  const groups = similarAmong([...rows, ...others]);
  expect(groups.map((group) => group.rows.length)).toEqual([3, 1, 1, 1, 1, 1, 1]);
  expect(groups[0]?.rows).toEqual(rows);
  expect(new Set(groups.map(({ key }) => key)).size).toBe(7);
  for (const { key, rows: alike } of groups) {
    for (const row of alike) expect(similarKey(row)).toBe(key);
  }
});

it('names of servers and tools cannot be moved across the border between them', async () => {
  const { ask } = deskScratch();
  const [one, other] = [
    await ask({ server: 'a', tool: 'b/c' }),
    await ask({ server: 'a/b', tool: 'c' }),
  ];
  expect(similarKey(one)).not.toBe(similarKey(other));
});

const differences: readonly (readonly [string, (JsonObject | null)[], string[]])[] = [
  [
    'a value',
    [
      { a: 1, b: 2 },
      { a: 1, b: 3 },
    ],
    ['b'],
  ],
  ['a value deep inside', [{ a: { b: [1] } }, { a: { b: [2] } }], ['a']],
  ['a member that only one has', [{ a: 1 }, { a: 1, b: null }], ['b']],
  ['nothing', [{ a: 1 }, { a: 1 }], []],
  ['what was erased', [null, { a: 1 }, null, { a: 2 }], ['a']],
  ['only what was erased', [null, null], []],
  ['members of every object', [{ constructor: 1 }, {}], ['constructor']],
];
it.each(differences)('they differ in %s', (_, all, names) => {
  expect(differing(all)).toEqual(names);
});

it('names in any number and length stay one line of a bounded length', async () => {
  const { ask } = deskScratch();
  const row = await ask();
  const hostile = `x", "y\u001b[2J\n7 alike\u202e${'z'.repeat(5000)}`;
  const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`k${n}`, n]));
  const differs = differing([{ [hostile]: 1, ...many }, {}]);
  const text = groupText({ key: similarKey(row), rows: [row, row] }, differs);
  expect(text).toMatch(/^2 alike {2}like_\w{10} {2}differ in "x\\", /);
  expect(text).toContain('"k0", "k1", "k2", "k3", 195 more');
  expect(text).toMatch(/ {2}files\/write_file {2}by os:rita {2}since \S+ {2}files\.outside$/);
  expect(text.length).toBeLessThan(400);
  expect(text).not.toMatch(/[\p{Cc}\u202e]/u);
});
