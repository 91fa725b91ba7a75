import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { Entry } from '../harness/journal.ts';
import type { LineClient } from '../harness/line-client.ts';
import { pick, textAt } from '../harness/message.ts';
import { allowAll, type Scratch, scratch } from '../harness/scratch.ts';

const rounds = 25;
const inFlight = 8;

let calls = 0;

/** One call under a trace id of its own; gives the trace once the answer has come. */
async function tracedCall(client: LineClient, tool = 'count'): Promise<string> {
  calls += 1;
  const trace = calls.toString(16).padStart(32, '0');
  const answer = await client.request('tools/call', {
    name: `raw__${tool}`,
    arguments: { trace },
    _meta: { traceparent: `00-${trace}-${'1'.repeat(16)}-01` },
  });
  expect(pick(answer, 'result.isError')).not.toBe(true);
  return trace;
}

/** Calls one after another, `inFlight` at once, until the gate is gone; gives what was answered. */
async function callUntilGone(client: LineClient): Promise<readonly string[]> {
  const acknowledged: string[] = [];
  const lane = async (): Promise<void> => {
    try {
      for (;;) acknowledged.push(await tracedCall(client));
    } catch (error) {
      if (client.running) throw error;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return acknowledged;
}

function byTrace(entries: readonly Entry[], kind: string): Map<string, readonly Entry[]> {
  const found = new Map<string, Entry[]>();
  for (const entry of entries) {
    if (entry.kind !== kind || entry.traceId === undefined) continue;
    found.set(entry.traceId, [...(found.get(entry.traceId) ?? []), entry]);
  }
  return found;
}

/** What must hold of any journal at rest, given what the server ran. */
function expectSound(entries: readonly Entry[], house: Scratch): void {
  const decisions = byTrace(entries, 'decision');
  const outcomes = byTrace(entries, 'outcome');
  for (const [trace, made] of decisions) {
    expect(made.length, `decisions of ${trace}`).toBe(1);
    expect(outcomes.get(trace)?.length, `outcomes of ${trace}`).toBe(1);
  }
  const ran = house.executed().map((each) => textAt(each, 'arguments.trace'));
  expect(new Set(ran).size, 'executed twice').toBe(ran.length);
  expect(
    ran.filter((trace) => !decisions.has(trace)),
    'executed without a decision',
  ).toEqual([]);
}

it('two gates and the CLI on one state folder under load: no entry lost, no gap, the root recomputes', async () => {
  const house = await scratch({ rules: allowAll });
  const gates = await Promise.all([house.open(), house.open()]);
  // The first decision is recorded: from here on there is a journal to read.
  const first = await Promise.all(gates.map((client) => tracedCall(client)));
  const lanes = gates.flatMap((client) => Array.from({ length: inFlight }, () => client));
  let working = true;
  const reading = async (args: readonly string[]): Promise<number> => {
    let runs = 0;
    for (; working; runs += 1) {
      const done = await house.cli(args);
      expect(done, done.stderr).toMatchObject({ code: 0 });
    }
    return runs;
  };
  const adding = async (): Promise<number> => {
    const alice = await house.approver();
    let added = 1;
    for (; working; added += 1) {
      const done = await house.cli(['approvers', 'add', `a${added}`], alice);
      expect(done, done.stderr).toMatchObject({ code: 0 });
    }
    return added;
  };
  const writers = Promise.all(
    lanes.map(async (client) => {
      const traces: string[] = [];
      for (let n = 0; n < 40; n += 1) traces.push(await tracedCall(client));
      return traces;
    }),
  ).finally(() => {
    working = false;
  });
  const [traces, runs, , added] = await Promise.all([
    writers,
    reading(['status']),
    reading(['trace']),
    adding(),
  ]);
  expect(runs).toBeGreaterThan(0);
  const entries = await house.journal();
  expectSound(entries, house);
  const acknowledged = [...first, ...traces.flat()];
  expect(byTrace(entries, 'decision').size).toBe(acknowledged.length);
  expect(house.executed().length).toBe(acknowledged.length);
  expect(entries.filter(({ kind }) => kind === 'approver.added').length).toBe(added);
  for (const { body } of entries.filter(({ kind }) => kind === 'outcome')) {
    expect(pick(body, 'status')).toBe('executed');
  }
  await Promise.all(gates.map((client) => client.close()));
  expect((await house.journal('gate.stopped')).length).toBe(2);
});

it(`kill -9 at ${2 * rounds} random points: what was answered is in the journal, what was not comes back as unknown`, async () => {
  const house = await scratch({ rules: allowAll });
  const acknowledged: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const gates = await Promise.all([house.open(), house.open()]);
    // Both kills fall somewhere between the first call and a good while into the load, round by round later.
    const running = gates.map(async (client) => {
      const lanes = callUntilGone(client);
      await client.waitUntil('an answer', () => (client.arrivals.length > 1 ? true : undefined));
      await sleep(Math.random() * 12 * (round + 1));
      client.kill('SIGKILL');
      return await lanes;
    });
    acknowledged.push(...(await Promise.all(running)).flat());
  }
  const last = await house.open();
  await tracedCall(last);
  await house.untilJournal('an outcome for every decision', (entries) => {
    return byTrace(entries, 'decision').size === byTrace(entries, 'outcome').size;
  });
  const entries = await house.journal();
  expectSound(entries, house);
  const decisions = byTrace(entries, 'decision');
  const outcomes = byTrace(entries, 'outcome');
  expect(acknowledged.length).toBeGreaterThan(rounds);
  for (const trace of acknowledged) {
    expect(decisions.get(trace)?.[0]?.body).toMatchObject({ outcome: 'allow', forwarded: true });
    expect(pick(outcomes.get(trace)?.[0]?.body, 'status')).toBe('executed');
  }
  const unknown = [...outcomes.values()]
    .flat()
    .filter(({ body }) => pick(body, 'status') === 'unknown');
  expect(unknown.length).toBeGreaterThan(0);
  const known = new Set(acknowledged);
  for (const { traceId } of unknown) expect(known.has(traceId ?? '')).toBe(false);
}, 240_000);

it('trace shows the same entries as the journal, in order', async () => {
  const house = await scratch({ rules: allowAll });
  const client = await house.open();
  const trace = await tracedCall(client, 'read');
  const shown = JSON.stringify(await house.read(['trace', trace]));
  const entries = (await house.journal()).filter(({ traceId }) => traceId === trace);
  expect(entries.map(({ kind }) => kind)).toEqual(['decision', 'outcome']);
  const at = entries.map(({ body }) => shown.indexOf(textAt(body, 'kind')));
  expect(at[0]).toBeGreaterThanOrEqual(0);
  expect(at[1]).toBeGreaterThan(at[0] ?? 0);
  for (const { body } of entries) expect(shown).toContain(textAt(body, 'time'));
});
