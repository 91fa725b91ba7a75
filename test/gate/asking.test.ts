import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Lifetime } from '../../src/core/lifetime.ts';
import { matrix, ran, withdrawn } from './asking-matrix.ts';
import { type AskedClient, AskingRig, journalOf, page } from './asking-rig.ts';
import { asksOnce, callerOf, callOf, decisions } from './rig.ts';

let rig: AskingRig;
beforeEach(async () => {
  rig = new AskingRig();
  await rig.enrol();
});
afterEach(() => rig.close());

describe('a held call whose user is pointed to the page', () => {
  it.each(matrix.map((row) => [row.when, row] as const))('%s', async (_, row) => {
    expect(await row.next(rig)).toMatchObject(row.gets);
    const [questions, completed] = row.asked;
    if (completed > 0) await rig.client.isTold(completed);
    expect(rig.client.completed).toHaveLength(completed);
    expect(rig.client.questions).toHaveLength(questions);
    expect(rig.gate.reached).toHaveLength(row.executions);
    const journal = journalOf(rig.gate);
    expect(journal.approvals).toEqual(row.journal);
    expect([journal.forwarded, journal.executed]).toEqual([row.executions, row.executions]);
  });

  it('expires, and the client is told that the question is over', async () => {
    const approval = { ...decisions.escalate.approval, expires_in_s: 1 };
    rig.gate.policy = (input) => ({ ...asksOnce(input), approval });
    const answer = await rig.call();
    expect(JSON.stringify(answer)).toContain('Nobody approved this call in time.');
    await rig.client.isTold();
    expect(rig.client.questions).toHaveLength(1);
    expect(rig.gate.reached).toEqual([]);
    expect(journalOf(rig.gate).approvals).toEqual(['requested', 'expired']);
  });

  it('is named in the question, without its arguments, its reason or a command', async () => {
    rig.gate.policy = (input) => ({ ...asksOnce(input), reason: 'writes to secret-path' });
    const answer = rig.call();
    const { id } = await rig.onePending();
    await rig.client.asked();
    const [question] = rig.client.questions;
    expect(question).toMatchObject({ mode: 'url', url: `${page}/${id}` });
    expect(question?.message).toContain(`files/write_file`);
    expect(question?.message).not.toMatch(/secret|"a"|path|mcp-gate|approve ap_/);
    expect(question?.id).not.toContain(id);
    await rig.no();
    await answer;
  });

  it('is taken back from the client when it is decided elsewhere', async () => {
    const answer = rig.call();
    await rig.client.asked();
    await rig.yes();
    expect(await answer).toMatchObject(ran);
    await rig.client.isTold();
    expect(rig.client.takenBack).toEqual(['the question is over']);
  });

  it('leaves an entry that says who took it back, and that nobody proved it', async () => {
    const answer = rig.call();
    await rig.client.asked();
    rig.client.says('decline');
    expect(await answer).toMatchObject(withdrawn);
    expect(journalOf(rig.gate).cancelled).toMatchObject([
      { withdrawn_by: 'os:alice', via: 'client' },
    ]);
    // The call itself may be made again, and is a question of its own.
    const anew = rig.call();
    await rig.client.asked(2);
    expect(new Set(rig.client.questions.map(({ message }) => message)).size).toBe(2);
    await rig.yes();
    expect(await anew).toMatchObject(ran);
  });

  it('is refused even where the decline cannot be written, and nothing runs', async () => {
    const answer = rig.call();
    await rig.client.asked();
    const { store } = rig.gate;
    const { write } = store;
    store.write = () => Promise.reject(new Error('the disk is full'));
    rig.client.says('decline');
    expect(await answer).toMatchObject(withdrawn);
    store.write = write;
    expect(rig.gate.reached).toEqual([]);
  });

  it('asks a session about ten calls at most at once; the others are held as before', async () => {
    const lifetime = new Lifetime();
    const { session, user } = rig.client;
    const caller = { ...callerOf(lifetime), session, user };
    const answers = Array.from({ length: 12 }, (_, index) =>
      rig.gate.decide(callOf(rig.gate, { path: `p${index}` }), caller, () => rig.gate.target),
    );
    await rig.client.asked(10);
    await vi.waitFor(() => expect(rig.gate.store.approvals(['pending'])).toHaveLength(12));
    rig.client.says('decline');
    await rig.client.isTold(10);
    expect(rig.gate.store.approvals(['pending'])).toHaveLength(2);
    expect(rig.client.questions).toHaveLength(10);
    lifetime.end('cancelled');
    await Promise.all(answers);
  });
});

describe('nobody is asked', () => {
  const rows: readonly [claim: string, prepare: (client: AskedClient) => void, name?: string][] = [
    ['without a page', () => (rig.gate.page = undefined)],
    ['who declares nothing', (client) => (client.modes = [])],
    ['who declares forms alone', (client) => (client.modes = ['form'])],
    ['who is known to show nothing, whatever it declares', () => {}, 'gemini-cli'],
    ['whom the configuration leaves out', () => (rig.gate.elicit = new Map([['test', []]]))],
    [
      'whom nothing speaks of where the rest is left out',
      () => (rig.gate.elicit = new Map([['default', []]])),
    ],
    ['whose call is not held at all', () => (rig.gate.holdMs = 0)],
  ];
  it.each(rows)('%s', async (_, prepare, name) => {
    const client = rig.another(name);
    prepare(client);
    if (rig.gate.holdMs > 0) rig.gate.holdMs = 50;
    expect(JSON.stringify(await rig.call(client))).toContain('PENDING APPROVAL');
    expect(client.questions).toEqual([]);
  });

  it('where no approver could answer on the page', async () => {
    await rig.gate.store.write('decision', (tx) => tx.removeApprover('dana'));
    rig.gate.holdMs = 50;
    await rig.call();
    expect(rig.client.questions).toEqual([]);
  });

  it('about a call that is approved already', async () => {
    rig.gate.page = undefined;
    rig.gate.holdMs = 1;
    await rig.call();
    await rig.yes();
    rig.gate.page = page;
    expect(await rig.call()).toMatchObject(ran);
    expect(rig.client.questions).toEqual([]);
  });
});

it('the configuration has a client asked of which the table says otherwise', async () => {
  rig.gate.elicit = new Map([['gemini', ['url']]]);
  const client = rig.another('gemini-cli');
  const answer = rig.call(client);
  await client.asked();
  await rig.no();
  await answer;
});

it('nobody is asked about a call whose caller has gone before it is held', async () => {
  const lifetime = new Lifetime();
  lifetime.end('cancelled');
  await rig.call(rig.client, lifetime);
  expect(rig.client.questions).toEqual([]);
});
