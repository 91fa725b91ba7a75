import { afterEach, beforeEach, expect, it } from 'vitest';
import { decideApproval } from '../../src/approval/decide.ts';
import { enrol, page } from './asking-rig.ts';
import { decisions } from './rig.ts';
import { TasksRig } from './tasks-rig.ts';

let rig: TasksRig;
beforeEach(async () => {
  rig = new TasksRig();
  const client = { asks: ['t.ask'], confirms: [] };
  const approval = { ...decisions.escalate.approval, client };
  rig.gate.policy = ({ context }) =>
    context.approval === null ? { ...decisions.escalate, approval } : decisions.allow;
  rig.gate.page = page;
  await enrol(rig.gate);
});
afterEach(() => rig.close());

/** Everything that a client can be told late by. */
const capabilities = {
  extensions: { 'io.modelcontextprotocol/tasks': {} },
  elicitation: { form: {}, url: {} },
};

async function yes(): Promise<void> {
  const { id } = await rig.onePending();
  const approver = { kind: 'credential', name: 'dana' } as const;
  const parts = { store: rig.gate.store, clock: Date.now };
  await decideApproval(parts, { id, verdict: 'approve', approver, reason: undefined });
}

it('a client that takes everything gets a task, and nothing about it asks its user', async () => {
  const sender = { capabilities };
  const taskId = await rig.open(undefined, sender);
  const before = await rig.get(taskId, sender);
  expect(before).toMatchObject({ result: { status: 'working' } });
  for (const word of ['inputRequests', 'elicitation/create', 'requestState']) {
    expect(JSON.stringify(before)).not.toContain(word);
  }
  // What a client answers without having been asked says nothing.
  const said = { taskId, inputResponses: { approval: { action: 'decline' } } };
  await rig.ask('tasks/update', said, sender);
  await yes();
  expect(await rig.get(taskId, sender)).toMatchObject({ result: { status: 'completed' } });
  expect(rig.gate.reached).toHaveLength(1);
});

it('a request that brings an answer to no question is none either', async () => {
  rig.gate.holdMs = 1;
  const params = { name: 'files__write_file', arguments: { path: 'a' } };
  const inputResponses = { approval: { action: 'accept', content: { approve: true } } };
  const got = await rig.ask('tools/call', { ...params, inputResponses }, { capabilities });
  expect(got).not.toMatchObject({ result: { ran: true } });
  expect(rig.gate.reached).toEqual([]);
  const { id } = await rig.onePending();
  expect(rig.gate.store.votes(id)).toEqual([]);
});

it.each([
  [
    'whose tasks nobody trusts is asked in a round',
    'claude-code',
    ['input_required', 'elicitation/create'],
  ],
  ['that takes neither is told to wait', 'gemini-cli', ['PENDING APPROVAL']],
])('a client %s', async (_, name, words) => {
  rig.gate.holdMs = 1;
  const got = JSON.stringify(await rig.call(undefined, { name, capabilities }));
  for (const word of words) expect(got).toContain(word);
  expect(got).not.toContain('"resultType":"task"');
  expect(rig.gate.reached).toEqual([]);
});
