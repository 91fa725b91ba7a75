import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSpending } from '../../src/control/budgets.ts';
import type { BudgetCall, Reservation, ReserveTerms } from '../../src/control/contract.ts';
import { type Budget, noTariff } from '../../src/core/budget.ts';
import { maxAmount } from '../../src/core/money.ts';
import type { Tx } from '../../src/store/contract.ts';
import { budget, call, controlScratch, limit, startMs } from './scratch.ts';

const dollar = 1_000_000_000n;

/** A desk for the budgets of one gate; whatever it does is a transaction of its own. */
function desk(budgets: readonly Budget[], gate = 'gate') {
  const scratch = controlScratch();
  return { ...scratch, ...spender(scratch, () => budgets, gate) };
}

function spender(
  { store, write, now }: ReturnType<typeof controlScratch>,
  budgets: () => readonly Budget[],
  gate = 'gate',
) {
  const spending = createSpending(gate, budgets);
  const reserve = (change: Partial<BudgetCall> = {}, terms: Partial<ReserveTerms> = {}) =>
    write((tx) => spending.reserve(tx, call(change), now(), { ...bind, ...terms }));
  return {
    spending,
    reserve,
    take: async (change: Partial<BudgetCall> = {}, terms: Partial<ReserveTerms> = {}) => {
      const reserved = await reserve(change, terms);
      if (reserved.kind === 'reserved') return reserved.reservation;
      throw new Error(`budget "${reserved.id}" is exceeded`);
    },
    settle: (reservation: Reservation, bytesOut: number, reportedMicroUsd?: number) =>
      write((tx) => spending.settle(tx, reservation, { bytesOut, reportedMicroUsd }, now())),
    release: (reservation: Reservation) => write((tx) => spending.release(tx, reservation)),
    facts: (change: Partial<BudgetCall> = {}) => spending.facts(store, call(change), now()),
  };
}

const bind: ReserveTerms = { force: false, decisionId: 'd1', traceId: 'trace' };

describe('what policy sees', () => {
  it('is the budget as it stands, with what is in flight', async () => {
    const { take, facts } = desk([
      budget({ limit: limit({ calls: 3, microUsd: 5_000_000, bytes: 1000 }) }),
    ]);
    await take({ bytesIn: 400, tariff: { ...noTariff, perCall: dollar, perKbIn: dollar } });
    expect(facts()).toEqual([
      {
        id: 'daily',
        scope: ['subject'],
        window_ends: '2026-01-03T00:00:00.000Z',
        limit_usd: '5',
        limit_calls: 3,
        limit_bytes: 1000,
        spent_usd: '1.4',
        calls: 1,
        bytes: 400,
        remaining_usd: '3.6',
        remaining_calls: 2,
        remaining_bytes: 600,
        exceeded: false,
        closed: false,
        on_exceed: 'deny',
      },
    ]);
  });

  it('is null where there is no limit', () => {
    const [fact] = desk([budget({ onExceed: 'escalate' })]).facts();
    expect(fact).toMatchObject({
      limit_usd: null,
      limit_calls: null,
      limit_bytes: null,
      remaining_usd: null,
      remaining_calls: null,
      remaining_bytes: null,
      exceeded: false,
      on_exceed: 'escalate',
    });
  });

  it.each([
    ['calls', limit({ calls: 0 }), {}, true],
    ['money', limit({ microUsd: 999_999 }), { tariff: { ...noTariff, perCall: dollar } }, true],
    [
      'money, to the last bit',
      limit({ microUsd: 1_000_000 }),
      { tariff: { ...noTariff, perCall: dollar } },
      false,
    ],
    ['bytes', limit({ bytes: 9 }), { bytesIn: 10 }, true],
    ['bytes, to the last one', limit({ bytes: 10 }), { bytesIn: 10 }, false],
  ])('says whether there is room for this call: %s', (_, limits, change, exceeded) => {
    const { facts } = desk([budget({ limit: limits })]);
    expect(facts(change).map((fact) => fact.exceeded)).toEqual([exceeded]);
  });

  it('reads nothing into the store', async () => {
    const { facts, store, now } = desk([budget()]);
    facts();
    expect(store.budgetCounts('gate', now())).toEqual([]);
  });
});

describe('which calls a budget counts', () => {
  it.each<[string, Partial<Budget>, Partial<BudgetCall>, boolean]>([
    ['all', {}, {}, true],
    ['those of its servers', { servers: new Set(['files']) }, {}, true],
    ['no others', { servers: new Set(['mail']) }, {}, false],
    ['those of its tools', { tools: new Set(['write']) }, {}, true],
    ['tools of one server', { tools: new Set(['files/write']) }, {}, true],
    ['not those of another', { tools: new Set(['mail/write']) }, {}, false],
    ['both must fit', { servers: new Set(['mail']), tools: new Set(['write']) }, {}, false],
  ])('%s', (_, change, calls, counted) => {
    const { spending } = desk([budget(change)]);
    expect(spending.counts(call(calls))).toBe(counted);
  });

  it('a call that none counts reserves nothing', async () => {
    const { take, settle, store, now } = desk([budget({ servers: new Set(['mail']) })]);
    const reservation = await take();
    expect(reservation.held).toEqual([]);
    expect(await settle(reservation, 10)).toEqual([]);
    expect(store.budgetCounts('gate', now())).toEqual([]);
  });
});

describe('scopes', () => {
  const rows: [string, Budget['scope'], Partial<BudgetCall>, string][] = [
    ['everything', ['global'], {}, 'global'],
    ['a caller', ['subject'], {}, 'subject=os:rita'],
    ['a session', ['session'], {}, 'session=s1'],
    ["a tool is its server's", ['tool'], {}, 'tool=files/write'],
    ['several', ['subject', 'server'], {}, 'subject=os:rita,server=files'],
    ['no model', ['model'], {}, 'model='],
    ['a model', ['model'], { model: 'large-2' }, 'model=large-2'],
    [
      'a value that looks like two',
      ['subject', 'server'],
      { subject: 'a,server=x' },
      'subject=a%2Cserver%3Dx,server=files',
    ],
    ['a value with its own escapes', ['subject'], { subject: '%2C' }, 'subject=%252C'],
    [
      'a value that no terminal should see',
      ['model'],
      { model: '\u001b[31m\u202e\ud800' },
      'model=%1B%5B31m%E2%80%AE%EF%BF%BD',
    ],
    [
      'a long value is named by its digest',
      ['model'],
      { model: 'x'.repeat(201) },
      'model=sha256:84a0678c90937f5dcf9994d5866668da6b995109c8ad845410559b48a4ecafed',
    ],
  ];
  it.each(rows)('%s', async (_, scope, change, key) => {
    const { take, store, now } = desk([budget({ scope })]);
    await take(change);
    const keys = store.budgetCounts('gate', now()).map((row) => row.scopeKey);
    expect(keys).toEqual([key]);
  });

  it('calls with the same values share, others do not', async () => {
    const { reserve } = desk([budget({ scope: ['subject', 'tool'], limit: limit({ calls: 1 }) })]);
    const tried = [{}, {}, { tool: 'read' }, { subject: 'os:max' }, { session: 's2' }];
    const kinds = [];
    for (const change of tried) kinds.push((await reserve(change)).kind);
    expect(kinds).toEqual(['reserved', 'exceeded', 'reserved', 'reserved', 'exceeded']);
  });

  it('another gate on the same store counts for itself, whatever its budgets are called', async () => {
    const scratch = controlScratch();
    const budgets = () => [budget({ limit: limit({ calls: 1 }) })];
    const [one, two] = [spender(scratch, budgets, 'one'), spender(scratch, budgets, 'two')];
    expect((await one.reserve()).kind).toBe('reserved');
    expect((await two.reserve()).kind).toBe('reserved');
    expect((await one.reserve()).kind).toBe('exceeded');
  });
});

describe('reserving', () => {
  it('takes from every budget or from none', async () => {
    const { take, reserve, facts } = desk([
      budget({ id: 'wide', limit: limit({ calls: 10 }) }),
      budget({ id: 'narrow', limit: limit({ calls: 1 }) }),
    ]);
    await take();
    expect(await reserve()).toEqual({ kind: 'exceeded', id: 'narrow', onExceed: 'deny' });
    expect(facts().map((fact) => fact.calls)).toEqual([1, 1]);
  });

  it('of several without room the strictest answers', async () => {
    const none = limit({ calls: 0 });
    const { reserve } = desk([
      budget({ id: 'a', limit: none, onExceed: 'escalate' }),
      budget({ id: 'b', limit: none, onExceed: 'simulate' }),
    ]);
    expect(await reserve()).toEqual({ kind: 'exceeded', id: 'b', onExceed: 'simulate' });
  });

  it('counts and does not refuse in observe mode', async () => {
    const { take, facts } = desk([budget({ limit: limit({ calls: 0 }) })]);
    await take({}, { force: true });
    await take({}, { force: true });
    expect(facts()).toMatchObject([{ calls: 2, exceeded: true, closed: false }]);
  });

  it("a person's yes to one budget is none to another", async () => {
    const none = limit({ calls: 0 });
    const { reserve } = desk([
      budget({ id: 'asks', limit: none, onExceed: 'escalate' }),
      budget({ id: 'denies', scope: ['global'], limit: limit({ calls: 1 }) }),
    ]);
    expect((await reserve({}, { waived: ['asks'] })).kind).toBe('reserved');
    expect(await reserve({}, { waived: ['asks'] })).toMatchObject({
      kind: 'exceeded',
      id: 'denies',
    });
  });

  it('a limit that is raised in the config counts from the next call on', async () => {
    let calls = 1;
    const one = spender(controlScratch(), () => [budget({ limit: limit({ calls }) })]);
    await one.take();
    expect((await one.reserve()).kind).toBe('exceeded');
    calls = 2;
    expect((await one.reserve()).kind).toBe('reserved');
  });
});

describe('windows', () => {
  it('are aligned to the epoch, and the next one starts at nothing', async () => {
    const { take, reserve, pass } = desk([
      budget({ windowMs: 3_600_000, limit: limit({ calls: 1 }) }),
    ]);
    await take();
    const endsMs = Math.ceil(startMs / 3_600_000) * 3_600_000;
    pass(endsMs - startMs - 1);
    expect((await reserve()).kind).toBe('exceeded');
    pass(1);
    expect((await reserve()).kind).toBe('reserved');
  });

  it('a call settles in the window in which it began', async () => {
    const { take, settle, facts, pass } = desk([
      budget({ windowMs: 1000, limit: limit({ bytes: 5 }) }),
    ]);
    const reservation = await take();
    pass(1000);
    expect(await settle(reservation, 10)).toEqual([{ id: 'daily', scopeKey: 'subject=os:rita' }]);
    expect(facts()).toMatchObject([{ bytes: 0, closed: false }]);
  });

  it('another length is another window, also when both begin together', async () => {
    let windowMs = 86_400_000;
    const scratch = controlScratch();
    scratch.pass(Math.ceil(startMs / 86_400_000) * 86_400_000 - startMs);
    const one = spender(scratch, () => [budget({ windowMs, limit: limit({ calls: 1 }) })]);
    await one.take();
    windowMs = 3_600_000;
    expect((await one.reserve()).kind).toBe('reserved');
  });

  it('counts go a day after their window, and what still settles in one changes nothing', async () => {
    const { take, settle, release, write, store, pass, now } = desk([
      budget({ windowMs: 1000, limit: limit({ bytes: 5 }) }),
    ]);
    const [first, second] = [await take(), await take()];
    const windowMs = now();
    pass(86_400_000);
    await write((tx) => tx.erasePayloads(now()));
    expect(store.budgetCounts('gate', windowMs)).toHaveLength(1);
    pass(2000);
    await write((tx) => tx.erasePayloads(now()));
    expect(store.budgetCounts('gate', windowMs)).toEqual([]);
    expect(await settle(first, 10)).toEqual([]);
    await release(second);
    expect(store.budgetCounts('gate', windowMs)).toEqual([]);
  });
});

describe('settling', () => {
  const tariff = { ...noTariff, perCall: dollar / 100n, perKbIn: dollar, perKbOut: dollar * 2n };

  it('puts the actual cost in the place of the estimate', async () => {
    const { take, settle, facts } = desk([budget()]);
    const reservation = await take({ bytesIn: 500, tariff });
    expect(facts()).toMatchObject([{ spent_usd: '0.51', bytes: 500, calls: 1 }]);
    expect(await settle(reservation, 100)).toEqual([]);
    expect(facts()).toMatchObject([{ spent_usd: '0.71', bytes: 600, calls: 1 }]);
  });

  it('what the server reports counts when it is more, never when it is less', async () => {
    const { take, settle, facts } = desk([budget()]);
    await settle(await take({ tariff }), 0, 1);
    expect(facts()).toMatchObject([{ spent_usd: '0.01' }]);
    await settle(await take({ tariff }), 0, 3_000_000);
    expect(facts()).toMatchObject([{ spent_usd: '3.01' }]);
  });

  it('a call that was never sent gives back all of it', async () => {
    const { take, release, facts } = desk([budget({ limit: limit({ calls: 1 }) })]);
    await release(await take({ bytesIn: 500, tariff }));
    expect(facts()).toMatchObject([{ spent_usd: '0', bytes: 0, calls: 0, exceeded: false }]);
  });

  it('an overrun is journaled and closes the scope until the window turns', async () => {
    const { take, settle, reserve, facts, pass, bodies } = desk([
      budget({ limit: limit({ microUsd: 1_000_000, calls: 50 }) }),
    ]);
    const reservation = await take({ tariff }, { decisionId: 'd7' });
    expect(await settle(reservation, 0, 1_000_001)).toEqual([
      { id: 'daily', scopeKey: 'subject=os:rita' },
    ]);
    expect(bodies('budget.overrun')).toEqual([
      {
        v: 1,
        kind: 'budget.overrun',
        time: '2026-01-02T03:04:05.000Z',
        trace_id: 'trace',
        decision_id: 'd7',
        budget_id: 'daily',
        config: 'gate',
        scope: 'subject=os:rita',
        over: ['usd'],
        reason: 'budget "daily" is over its limit of usd, and closed',
        spent_usd: '1.000001',
        calls: 1,
        bytes: 0,
        limit_usd: '1',
        limit_calls: 50,
        limit_bytes: null,
        window_ends: '2026-01-03T00:00:00.000Z',
      },
    ]);
    expect(facts()).toMatchObject([{ closed: true, exceeded: true, remaining_usd: '0' }]);
    expect(await reserve()).toMatchObject({ kind: 'exceeded', id: 'daily' });
    expect((await reserve({ subject: 'os:max' })).kind).toBe('reserved');
    pass(86_400_000);
    expect((await reserve()).kind).toBe('reserved');
  });

  it('a scope that is closed stays so, whatever the config says now', async () => {
    let bytes = 5;
    const one = spender(controlScratch(), () => [budget({ limit: limit({ bytes }) })]);
    await one.settle(await one.take(), 10);
    bytes = 1000;
    expect(await one.reserve()).toMatchObject({ kind: 'exceeded', id: 'daily' });
  });

  it('a call that was let through without room is no overrun', async () => {
    const { take, settle, facts, bodies } = desk([budget({ limit: limit({ bytes: 5 }) })]);
    const reservation = await take({ bytesIn: 6 }, { force: true });
    expect(await settle(reservation, 10)).toEqual([]);
    expect(facts()).toMatchObject([{ bytes: 16, closed: false, exceeded: true }]);
    expect(bodies('budget.overrun')).toEqual([]);
  });

  it('every one of several calls that together go over is journaled, and one that adds nothing is not', async () => {
    const { take, settle, bodies } = desk([budget({ limit: limit({ bytes: 5 }) })]);
    const [first, second, third] = [await take(), await take(), await take()];
    await settle(first, 6);
    await settle(second, 1);
    await settle(third, 0);
    expect(bodies('budget.overrun')).toHaveLength(2);
  });

  it('a roll-back takes the reservation with it', async () => {
    const { spending, write, facts, now } = desk([budget()]);
    const failing = (tx: Tx) => {
      spending.reserve(tx, call(), now(), bind);
      throw new Error('not this time');
    };
    await expect(write(failing)).rejects.toThrow('not this time');
    expect(facts()).toMatchObject([{ calls: 0 }]);
  });
});

type Step = { readonly do: 'reserve' | 'settle' | 'release' | 'lose'; readonly pick: number } & {
  readonly bytesIn: number;
  readonly bytesOut: number;
};

const steps = fc.array(
  fc.record<Step>({
    do: fc.constantFrom('reserve', 'reserve', 'settle', 'release', 'lose'),
    pick: fc.nat(20),
    bytesIn: fc.nat(40),
    bytesOut: fc.nat(40),
  }),
  { maxLength: 40 },
);

it('whatever calls do, what is reserved never goes over a limit, and the count is their sum', async () => {
  const scratch = controlScratch();
  let run = 0;
  const price = { ...noTariff, perCall: 1000n, perKbIn: 1_000_000n, perKbOut: 2_000_000n };
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      run += 1;
      const limits = { calls: 8, microUsd: 120, bytes: 100 };
      const one = spender(scratch, () => [budget({ limit: limits })], `gate-${run}`);
      const open: { reservation: Reservation; bytesIn: number }[] = [];
      const model = { calls: 0, microUsd: 0, bytes: 0 };
      let closed = false;
      for (const step of list) {
        if (step.do === 'reserve') {
          const { bytesIn } = step;
          const next = {
            calls: model.calls + 1,
            microUsd: model.microUsd + 1 + bytesIn,
            bytes: model.bytes + bytesIn,
          };
          const fits =
            !closed &&
            next.calls <= limits.calls &&
            next.microUsd <= limits.microUsd &&
            next.bytes <= limits.bytes;
          const reserved = await one.reserve({ bytesIn, tariff: price });
          expect(reserved.kind).toBe(fits ? 'reserved' : 'exceeded');
          if (reserved.kind !== 'reserved') continue;
          open.push({ reservation: reserved.reservation, bytesIn });
          Object.assign(model, next);
          continue;
        }
        const [taken] = open.splice(step.pick % Math.max(1, open.length), 1);
        if (taken === undefined) continue;
        if (step.do === 'release') {
          await one.release(taken.reservation);
          model.calls -= 1;
          model.microUsd -= 1 + taken.bytesIn;
          model.bytes -= taken.bytesIn;
        } else if (step.do === 'settle') {
          const overruns = await one.settle(taken.reservation, step.bytesOut);
          model.microUsd += 2 * step.bytesOut;
          model.bytes += step.bytesOut;
          const over = model.microUsd > limits.microUsd || model.bytes > limits.bytes;
          expect(overruns.length).toBe(over && step.bytesOut > 0 ? 1 : 0);
          closed ||= overruns.length > 0;
        }
      }
      const [row] = scratch.store.budgetCounts(`gate-${run}`, scratch.now());
      expect(row ?? { ...model, closed: false }).toMatchObject({ ...model, closed });
    }),
    { numRuns: 60 },
  );
});

it('a count that runs up to what can be counted stays readable and refuses', async () => {
  const { take, settle, reserve, facts } = desk([
    budget({ limit: limit({ microUsd: maxAmount }) }),
  ]);
  await settle(await take(), 0, maxAmount);
  expect(facts()).toMatchObject([{ spent_usd: '9000000000', exceeded: true }]);
  expect((await reserve()).kind).toBe('exceeded');
});
