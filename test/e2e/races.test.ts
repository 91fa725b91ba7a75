import { expect, it } from 'vitest';
import type { LineClient } from '../harness/line-client.ts';
import { decisionOf, listAt, type Message, pick, textAt } from '../harness/message.ts';
import { allowAll, type Scratch, type ScratchOptions, scratch } from '../harness/scratch.ts';

const gates = [0, 1, 2, 3];

/** Four clients, each with a gate of its own, on one state folder. */
async function openFour(options: ScratchOptions) {
  const house = await scratch({ rules: allowAll, ...options });
  return { house, clients: await Promise.all(gates.map(() => house.open())) };
}

/** Goes through the list, eight at a time. */
async function inParallel<T>(list: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const left = [...list];
  const worker = async () => {
    for (let item = left.pop(); item !== undefined; item = left.pop()) await act(item);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}

const executedArguments = (house: Scratch, name: string) =>
  house.executed().map((each) => pick(each, `arguments.${name}`));

it('500 idempotency keys through four gates: each call runs once, and everybody has its result', async () => {
  const { house, clients } = await openFour({});
  const keys = Array.from({ length: 500 }, (_, at) => `key-${at}`);
  const answers = new Map<string, Message[]>(keys.map((key) => [key, []]));
  const send = async (client: LineClient, key: string) => {
    const _meta = { 'dev.mcp-gate/idempotency-key': key };
    const call = { name: 'raw__slow', arguments: { key, ms: 2 }, _meta };
    answers.get(key)?.push(await client.request('tools/call', call));
  };
  // Two go up and two go down: they are at one key at once in the middle, and late everywhere else.
  await Promise.all(
    clients.map((client, at) =>
      inParallel(at < 2 ? keys : keys.toReversed(), (key) => send(client, key)),
    ),
  );

  const executed = executedArguments(house, 'key');
  expect([executed.length, new Set(executed).size]).toEqual([500, 500]);
  const all = [...answers.values()].flat();
  expect(all.map((answer) => pick(answer, 'result.content.0.text'))).toEqual(
    Array.from({ length: 2000 }, () => 'slow'),
  );
  const repeated = all.filter((answer) => pick(answer, 'result._meta') !== undefined);
  expect(repeated).toHaveLength(1500);
  expect(repeated.every((answer) => decisionOf(answer)['repeated'] === true)).toBe(true);

  // Three repetitions of each of 500 runs, and nothing else.
  const outcomes = await house.journal('outcome');
  const ran = outcomes.filter(({ body }) => body['status'] === 'executed');
  const counts = new Map(ran.map(({ body }) => [body['decision_id'], 0]));
  expect(counts.size).toBe(500);
  for (const { body } of outcomes.filter((entry) => !ran.includes(entry))) {
    expect(body['status']).toBe('repeated');
    counts.set(body['result_of'], (counts.get(body['result_of']) ?? Number.NaN) + 1);
  }
  expect(new Set(counts.values())).toEqual(new Set([3]));
});

it('a budget of 300 calls through four gates: 300 run, and never one more', async () => {
  const limit = { calls: 300 };
  const budget = { id: 'few', scope: ['global'], window: '366d', limit };
  const { house, clients } = await openFour({ config: { budgets: [budget] } });
  const refusals: Message[] = [];
  const keepCalling = async (client: LineClient, gate: number) => {
    for (let n = 0, refused = 0; refused < 3; n += 1) {
      const call = { name: 'raw__count', arguments: { id: `${gate}-${n}` } };
      const answer = await client.request('tools/call', call);
      if (textAt(answer, 'result.content.0.text') === 'counted') continue;
      refusals.push(answer);
      refused += 1;
    }
  };
  await Promise.all(
    clients.flatMap((client, at) => gates.map((lane) => keepCalling(client, at * 4 + lane))),
  );

  const executed = executedArguments(house, 'id');
  expect([executed.length, new Set(executed).size]).toEqual([300, 300]);
  expect(refusals).toHaveLength(4 * 4 * 3);
  for (const answer of refusals) {
    expect(decisionOf(answer)['rules']).toEqual(['gate.budget.few', 'all.allowed']);
  }
  const decisions = await house.journal('decision');
  expect(decisions.filter(({ body }) => body['forwarded'] === true)).toHaveLength(300);
  const shown = await house.read(['budgets', '--config', house.configFile]);
  expect(listAt(shown, '0.counts')).toHaveLength(1);
  expect(pick(shown, '0.counts.0')).toMatchObject({ calls: 300, remaining_calls: 0 });
});
