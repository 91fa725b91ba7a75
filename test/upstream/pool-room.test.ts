import { expect, it } from 'vitest';
import { type CountedPool, roomFor } from '../../src/upstream/pool-room.ts';

const limits = { maxPools: 8, maxPoolsPerScope: 5, reservedPools: 2, idleMs: 0 };

const used = (scope: string, count: number): CountedPool[] =>
  Array.from({ length: count }, () => ({ scope, idleSinceMs: undefined }));
const unused = (scope: string, idleSinceMs: number): CountedPool => ({ scope, idleSinceMs });

const pools = 'transport.http.limits.pools';
const perCaller = 'transport.http.limits.poolsPerCaller';

interface Row {
  readonly claim: string;
  readonly open: readonly CountedPool[];
  readonly closing?: readonly (string | undefined)[];
  readonly changed?: Partial<typeof limits>;
  /** The limit that leaves no room, or when the pool that has to go was used last. */
  readonly outcome: string | number | undefined;
}

const rows: readonly Row[] = [
  { claim: 'the first pool of all', open: [], outcome: undefined },
  { claim: 'one more of its own', open: used('a', 4), outcome: undefined },
  { claim: 'not beyond the limit of one caller', open: used('a', 5), outcome: perCaller },
  {
    claim: 'at the limit of one caller in the place of its own unused one',
    open: [...used('a', 4), unused('a', 7), unused('b', 1)],
    outcome: 7,
  },
  {
    claim: 'not from the reserve when it has one in use',
    open: [...used('a', 3), ...used('b', 3)],
    outcome: pools,
  },
  {
    claim: 'from the reserve when it has none',
    open: [...used('b', 4), ...used('c', 3)],
    outcome: undefined,
  },
  {
    claim: 'from the reserve when what it has is unused',
    open: [...used('b', 4), ...used('c', 2), unused('a', 1)],
    outcome: undefined,
  },
  {
    claim: 'not when all are in use',
    open: [...used('b', 4), ...used('c', 4)],
    outcome: pools,
  },
  {
    claim: 'in the place of the one that was unused for longest, when there are no more',
    open: [...used('b', 4), ...used('c', 2), unused('d', 9), unused('e', 3)],
    outcome: 3,
  },
  {
    claim: 'with one in use, as long as enough of the others are unused',
    open: [...used('a', 1), ...used('c', 4), unused('d', 9), unused('e', 3), unused('f', 4)],
    outcome: 3,
  },
  {
    claim: 'not while too many of its own are being closed',
    open: [],
    closing: ['a', 'a', 'a', 'a', 'a'],
    outcome: perCaller,
  },
  {
    claim: 'not from the reserve while its own are being closed',
    open: used('b', 6),
    closing: ['a'],
    outcome: pools,
  },
  {
    claim: 'not while as many as there may be are being closed',
    open: [],
    closing: ['b', 'b', 'b', 'b', 'c', 'c', 'c', undefined],
    outcome: pools,
  },
  {
    claim: 'half of all at least, however much is reserved',
    open: used('a', 3),
    changed: { reservedPools: 100 },
    outcome: undefined,
  },
  {
    claim: 'no more than half of all, when all is reserved',
    open: used('a', 4),
    changed: { reservedPools: 100 },
    outcome: pools,
  },
];

it.each(rows)('a caller gets $claim', ({ open, closing = [], changed, outcome }) => {
  const room = roomFor('a', open, closing, { ...limits, ...changed });
  const got = room.kind === 'full' ? room.obstacle.limit?.name : room.unused?.idleSinceMs;
  expect(got).toBe(outcome);
});

it('any number of greedy callers leave the reserve to callers who have none', () => {
  const open: CountedPool[] = [];
  for (let round = 0; round < 10; round += 1) {
    for (const scope of ['a', 'b', 'c']) {
      if (roomFor(scope, open, [], limits).kind === 'room') open.push(...used(scope, 1));
    }
  }
  expect(open).toHaveLength(6);
  expect(roomFor('late', open, [], limits)).toEqual({ kind: 'room', unused: undefined });
});

it('who is refused hears what there is too much of, the limit and what to do', () => {
  expect(roomFor('a', used('b', 8), [], limits)).toEqual({
    kind: 'full',
    obstacle: {
      reason:
        'there is no room for the servers of another client: the gate starts them for at most 8 at a time ' +
        '("transport.http.limits.pools"), 2 of them for callers who have none; try again later',
      limit: { name: pools, most: 8 },
      retryAfterS: 5,
    },
  });
});
