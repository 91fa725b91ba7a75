import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadDriver } from '../../src/store/driver.ts';
import type { LineClient } from '../harness/line-client.ts';
import { decisionOf, listAt, type Message, messageOf, pick, textAt } from '../harness/message.ts';
import { allowAll, type Scratch, scratch } from '../harness/scratch.ts';
import { until } from '../harness/until.ts';

const tool = (name: string, args: object = {}) => ({ name, arguments: args });
const said = (answer: Message) => textAt(answer, 'result.content.0.text');
const call = (client: LineClient, name = 'raw__count', args: object = {}) =>
  client.request('tools/call', tool(name, args));

/** Freezes by the command; its JSON and its exit code. */
async function freeze(house: Scratch, ...words: readonly string[]) {
  const done = await house.cli(['freeze', '--format', 'json', ...words]);
  return { code: done.code, stderr: done.stderr, said: messageOf(JSON.parse(done.stdout)) };
}

async function expectFrozen(client: LineClient, name = 'raw__count'): Promise<void> {
  const answer = await call(client, name);
  expect(decisionOf(answer)).toMatchObject({ outcome: 'deny', rules: ['gate.frozen'] });
  expect(said(answer)).toContain('stopped by the operator');
}

/** Starts a call that its server never answers, and waits until the server has it. */
async function runningCall(house: Scratch, client: LineClient, name = 'raw__silent') {
  const before = house.executed().length;
  const id = client.start('tools/call', tool(name));
  await until('the call at its server', () => house.executed().length > before);
  return { answer: client.response(id) };
}

describe('four gates on one state folder', () => {
  it('let no call start once the command has returned', async () => {
    const house = await scratch({ rules: allowAll });
    const clients = await Promise.all([0, 1, 2, 3].map(() => house.open()));
    const sent = clients.map(() => 0);
    let isOver = false;
    const keepCalling = async (client: LineClient, gate: number) => {
      while (!isOver) {
        const n = sent[gate] ?? 0;
        sent[gate] = n + 1;
        await call(client, 'raw__count', { gate, n });
      }
    };
    // Four at a time through each gate.
    const calling = [0, 1, 2, 3].flatMap(() => clients.map(keepCalling));
    await until('calls through every gate', () => sent.every((count) => count > 50));
    const { code, said: made } = await freeze(house, '--reason', 'incident 7');
    const sentBefore = [...sent];
    expect(code).toBe(0);
    expect(listAt(made, 'gates').map((gate) => pick(gate, 'acknowledged'))).toEqual(
      clients.map(() => true),
    );
    await until('calls after it', () =>
      sent.every((count, gate) => count > (sentBefore[gate] ?? 0) + 3),
    );
    isOver = true;
    await Promise.all(calling);
    for (const client of clients) await expectFrozen(client);
    const late = house
      .executed()
      .filter(
        (each) =>
          Number(pick(each, 'arguments.n')) >=
          (sentBefore[Number(pick(each, 'arguments.gate'))] ?? 0),
      );
    expect(late).toEqual([]);
    // Whatever a gate let through it had decided before it acknowledged, or it stopped it at the dispatch.
    const journal = await house.journal();
    const refused = new Set(
      journal
        .filter(({ kind, body }) => kind === 'outcome' && body['status'] === 'refused')
        .map(({ body }) => body['decision_id']),
    );
    const observed = journal.filter((entry) => entry.kind === 'control.observed');
    expect(observed).toHaveLength(4);
    for (const { seq, body } of observed) {
      expect(body).toMatchObject({ by: pick(made, 'by'), reason: 'incident 7', count: 1 });
      const after = journal.filter(
        (entry) =>
          entry.kind === 'decision' && entry.seq > seq && entry.body['gate'] === body['gate'],
      );
      const through = after.filter((entry) => entry.body['forwarded'] === true);
      expect(through.filter((entry) => !refused.has(entry.body['decision_id']))).toEqual([]);
    }
    expect((await house.journal('control.changed'))[0]?.body).toMatchObject({
      change: 'freeze',
      reason: 'incident 7',
    });
  });

  it.skipIf(process.platform === 'win32')(
    'of which one is stopped: it is named, exit 1',
    async () => {
      const house = await scratch({ rules: allowAll });
      const [one, other] = [await house.open(), await house.open()];
      await Promise.all([call(one), call(other)]);
      one.kill('SIGSTOP');
      onTestFinished(() => one.kill('SIGCONT'));
      const { code, said: made } = await freeze(house);
      expect(code).toBe(1);
      const gates = listAt(made, 'gates').map((gate) => [
        pick(gate, 'pid'),
        pick(gate, 'acknowledged'),
      ]);
      expect(new Map(gates.map(([pid, isHeard]) => [pid, isHeard]))).toEqual(
        new Map([
          [one.pid, false],
          [other.pid, true],
        ]),
      );
      one.kill('SIGCONT');
      await expectFrozen(one);
      const again = await freeze(house);
      expect(again.code).toBe(0);
    },
  );

  it('of which one was killed: it is not waited for', async () => {
    const house = await scratch({ rules: allowAll });
    const [one, other] = [await house.open(), await house.open()];
    await Promise.all([call(one), call(other)]);
    one.kill('SIGKILL');
    await one.exited;
    const { code, said: made } = await freeze(house);
    expect(code).toBe(0);
    expect(listAt(made, 'gates').map((gate) => pick(gate, 'pid'))).toEqual([other.pid]);
  });
});

describe('what is under way', () => {
  it('ends: the server is told, the agent hears that it may have run', async () => {
    const house = await scratch({ rules: allowAll });
    const client = await house.open();
    const { answer } = await runningCall(house, client);
    expect((await freeze(house)).code).toBe(0);
    expect(said(await answer)).toContain('Stopped by the operator while it ran.');
    await until('the cancellation at the server', () =>
      house.recorded().some((each) => each['cancelled'] === 'frozen'),
    );
  });

  it('and is held for a person ends: the agent hears that it did not run', async () => {
    const house = await scratch();
    await house.approver();
    const client = await house.open();
    const id = client.start('tools/call', tool('raw__count'));
    await house.pending();
    expect((await freeze(house)).code).toBe(0);
    expect(said(await client.response(id))).toContain('Calls are stopped by the operator.');
    expect(house.executed()).toEqual([]);
  });

  it('elsewhere runs on when a part is frozen', async () => {
    const house = await scratch({ rules: allowAll });
    house.configure({ mcpServers: { raw: house.raw(), other: house.raw() } });
    const client = await house.open();
    const frozen = await runningCall(house, client);
    const elsewhere = client.start('tools/call', tool('other__slow', { ms: 3000 }));
    await until('both calls', () => house.executed().length === 2);
    expect((await freeze(house, '--server', 'raw')).code).toBe(0);
    expect(said(await frozen.answer)).toContain('Stopped by the operator');
    await expectFrozen(client);
    expect(said(await call(client, 'other__count'))).toBe('counted');
    expect(said(await client.response(elsewhere))).toBe('slow');
    expect(house.recorded().filter((each) => each['cancelled'] !== undefined)).toHaveLength(1);
  });
});

describe('a part', () => {
  const parts: readonly (readonly [
    claim: string,
    words: readonly string[],
    stops: string,
    leaves: string,
  ])[] = [
    ['a tool', ['--tool', 'count'], 'raw__count', 'raw__read'],
    ['a tool as agents name it', ['--tool', 'raw__count'], 'raw__count', 'raw__read'],
    ['a tool of one server', ['--server', 'raw', '--tool', 'read'], 'raw__read', 'raw__count'],
  ];
  it.each(parts)('that is %s is stopped alone', async (_, words, stops, leaves) => {
    const house = await scratch({ rules: allowAll });
    const client = await house.open();
    expect((await freeze(house, ...words)).code).toBe(0);
    await expectFrozen(client, stops);
    expect(pick(await call(client, leaves), 'result.isError')).toBeUndefined();
  });

  it('that is a caller is stopped alone', async () => {
    const house = await scratch({ rules: allowAll });
    const client = await house.open();
    expect((await freeze(house, '--subject', 'somebody-else')).code).toBe(0);
    expect(said(await call(client))).toBe('counted');
    const [entry] = await house.journal('decision');
    const subject = textAt(entry?.body, 'inputs.identity.id');
    expect((await freeze(house, '--subject', subject)).code).toBe(0);
    await expectFrozen(client);
  });
});

it('a freeze binds in observe mode, stands in status, and is lifted by whoever proves who they are', async () => {
  const house = await scratch({ mode: 'observe', rules: allowAll });
  const client = await house.open();
  expect(said(await call(client))).toBe('counted');
  const { said: made } = await freeze(house, '--reason', 'incident 7');
  await expectFrozen(client);
  const status = messageOf(await house.read(['status']));
  expect(status).toMatchObject({ frozen: 'incident 7', freezes: [{ id: made['id'] }] });
  const lift = ['unfreeze', textAt(made, 'id'), '--reason', 'fixed'];
  expect((await house.cli(lift)).code).toBe(2);
  await expectFrozen(client);
  expect((await house.cli(lift, await house.approver())).code).toBe(0);
  expect(said(await call(client))).toBe('counted');
  await house.untilJournal('the gate to have seen both', (entries) => {
    const seen = entries.filter((entry) => entry.kind === 'control.observed');
    return seen.length === 2 && seen[1]?.body['count'] === 0;
  });
});

it('the mode that an operator sets binds a gate that observes, until it is taken back', async () => {
  const house = await scratch({
    mode: 'observe',
    config: { approvals: { hold: { default: '1s' } } },
  });
  const client = await house.open();
  expect(said(await call(client))).toBe('counted');
  await client.list('tools/list', 'tools');
  expect((await house.cli(['mode', 'enforce'])).code).toBe(0);
  expect(pick(await call(client), 'result.isError')).toBe(true);
  await client.waitUntil('news of the lists', () =>
    client.notifications('notifications/tools/list_changed').at(0),
  );
  expect((await house.cli(['mode', 'config'], await house.approver())).code).toBe(0);
  expect(said(await call(client))).toBe('counted');
});

describe('without a journal', () => {
  it('that another process has locked, a freeze is as quick to bind, and is journaled later', async () => {
    const house = await scratch({ mode: 'observe', rules: allowAll });
    const client = await house.open();
    const { answer } = await runningCall(house, client);
    const database = new (loadDriver().DatabaseSync)(path.join(house.state, 'gate.db'));
    onTestFinished(() => database.close());
    database.exec('BEGIN IMMEDIATE');
    const { code, said: made } = await freeze(house, '--reason', 'incident 7');
    expect({ code, journaled: made['journaled'] }).toEqual({ code: 0, journaled: false });
    expect(said(await answer)).toContain('Stopped by the operator');
    // It cannot be recorded either, and it runs for neither reason.
    expect(decisionOf(await call(client))).toMatchObject({ outcome: 'deny' });
    expect(house.executed()).toHaveLength(1);
    database.exec('ROLLBACK');
    await expectFrozen(client);
    await house.untilJournal('the entry of the gate', (entries) =>
      entries.some(
        (entry) => entry.kind === 'control.observed' && entry.body['reason'] === 'incident 7',
      ),
    );
  });

  it('that is damaged, a freeze binds all the same', async () => {
    const house = await scratch({ mode: 'observe', rules: allowAll });
    const client = await house.open();
    expect(said(await call(client))).toBe('counted');
    writeFileSync(path.join(house.state, 'gate.db'), Buffer.alloc(64 * 1024, 'x'));
    const { code, said: made } = await freeze(house);
    expect(code).toBe(0);
    expect(listAt(made, 'gates')).toHaveLength(1);
    await expectFrozen(client);
  });
});

it('a gate that starts under a freeze lets nothing through, and says that it has seen it', async () => {
  const house = await scratch({ rules: allowAll });
  expect((await freeze(house, '--reason', 'before')).said).toMatchObject({ gates: [] });
  const client = await house.open();
  await expectFrozen(client);
  const again = await freeze(house, '--server', 'raw');
  expect(listAt(again.said, 'gates')).toHaveLength(1);
  await client.close();
  expect((await freeze(house, '--server', 'x')).said).toMatchObject({ gates: [] });
  expect((await house.journal('control.observed'))[0]?.body).toMatchObject({ reason: 'before' });
});
