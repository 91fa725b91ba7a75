import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { decideApproval } from '../../src/approval/decide.ts';
import { withdraw } from '../../src/approval/withdraw.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { decisions } from './rig.ts';
import { ranResult, statusIn, TasksRig } from './tasks-rig.ts';

let rig: TasksRig;
beforeEach(() => {
  rig = new TasksRig();
});
afterEach(() => rig.close());

const changed = '{"path":"b"}';
const ran = { result: { status: 'completed', result: { ran: true } } };

/** A person says yes to other arguments than those that were asked with. */
async function change(edit: JsonObject = { path: 'b' }): Promise<void> {
  const { id } = await rig.onePending();
  const approver = { kind: 'terminal', name: 'rita' } as const;
  const parts = { store: rig.gate.store, clock: Date.now };
  await decideApproval(parts, { id, verdict: 'approve', approver, reason: undefined, edit });
}

function needsTwo(): void {
  rig.gate.policy = ({ context }) =>
    context.approval === null
      ? { ...decisions.escalate, approval: { ...decisions.escalate.approval, quorum: 2 } }
      : decisions.allow;
}

it('a task whose call was changed runs once, as changed, and the next identical call asks anew', async () => {
  const taskId = await rig.open();
  await change();
  expect(await rig.untilOver(taskId)).toMatchObject(ran);
  expect(rig.gate.reached).toEqual([changed]);
  // The result was told: it is not given to a call that is a new one.
  const next = await rig.open();
  expect(statusIn(await rig.get(next))).toBe('working');
  expect((await rig.onePending()).edited).toBeUndefined();
  expect(rig.gate.reached).toEqual([changed]);
});

it('a task that waits for a second vote on the change is told so, and runs with it', async () => {
  needsTwo();
  const taskId = await rig.open();
  await change();
  for (let poll = 0; poll < 3; poll += 1) expect(statusIn(await rig.get(taskId))).toBe('working');
  // Nothing has happened since: nothing is decided again.
  const decided = rig.entries('decision').length;
  await rig.get(taskId);
  expect(rig.entries('decision')).toHaveLength(decided);
  await rig.yes();
  expect(await rig.untilOver(taskId)).toMatchObject(ran);
  expect(rig.gate.reached).toEqual([changed]);
});

it.each([
  ['that others must still vote on', true],
  ['that has its yes', false],
])('cancelling a task takes the change back %s', async (_, isOpen) => {
  if (isOpen) needsTwo();
  const taskId = await rig.open();
  await change();
  await rig.takeBack(taskId);
  expect(statusIn(await rig.get(taskId))).toBe('cancelled');
  expect(rig.gate.store.approvals(['pending', 'approved'])).toEqual([]);
  const next = await rig.open();
  expect(statusIn(await rig.get(next))).toBe('working');
  expect((await rig.onePending()).edited).toBeUndefined();
  expect(rig.gate.reached).toEqual([]);
});

it('a change that was taken back ends its task', async () => {
  needsTwo();
  const taskId = await rig.open();
  await change();
  const { id } = await rig.onePending();
  const by = { by: 'approver:rita', via: 'credential', reason: undefined } as const;
  await withdraw({ store: rig.gate.store, clock: Date.now }, id, by);
  const got = await rig.untilOver(taskId);
  expect(got).toMatchObject({ result: { status: 'completed', result: { isError: true } } });
  expect(JSON.stringify(got)).toContain('The call did not run');
  expect(rig.gate.reached).toEqual([]);
  expect(rig.entries('approval.requested')).toHaveLength(1);
});

it('another gate finds a changed call that runs, cannot cancel it, and does not send it again', async () => {
  const finish = rig.slowly();
  const taskId = await rig.open();
  await change();
  const first = rig.get(taskId);
  await rig.reached(1);
  const other = rig.beside();
  await other.takeBack(taskId);
  expect(statusIn(await other.get(taskId))).toBe('working');
  finish();
  await first;
  expect(await rig.untilOver(taskId)).toMatchObject(ran);
  expect(other.gate.reached).toEqual([]);
  await other.close();
});

it('the result of a changed call outlives the process that could not write the end of its task', async () => {
  rig.losesEnds = true;
  const taskId = await rig.open();
  await change();
  await rig.get(taskId);
  await rig.outcome('executed');
  rig.losesEnds = false;
  await rig.restart();
  expect(await rig.untilOver(taskId)).toMatchObject(ran);
  expect(rig.gate.reached).toEqual([changed]);
});

it('a changed call that was lost with its process is told as such, and not sent again', async () => {
  const finish = rig.slowly();
  const taskId = await rig.open();
  await change();
  await rig.get(taskId);
  await rig.reached(1);
  const end = await rig.kill();
  expect(JSON.stringify(await rig.untilOver(taskId))).toContain('It may have run');
  expect(rig.gate.reached).toEqual([changed]);
  finish();
  await end();
});

/** What was decided changes in the tick of the dispatch, and by then policy asks nobody. */
function changesAtDispatch(then: () => void): void {
  rig.gate.afterRecord = () => {
    if (rig.gate.store.approvals(['consumed']).length === 0) return;
    rig.gate.afterRecord = () => {};
    rig.gate.policyDigest = 'sha256:bb';
    then();
  };
}

it('a call that is decided anew at its dispatch and runs without a yes is not said to have been stopped', async () => {
  const finish = rig.slowly();
  const taskId = await rig.open();
  await rig.yes();
  changesAtDispatch(() => {
    rig.gate.policy = () => decisions.allow;
  });
  expect(statusIn(await rig.get(taskId))).toBe('working');
  await rig.reached(1);
  const other = rig.beside();
  expect(statusIn(await other.get(taskId))).toBe('working');
  await other.close();
  finish();
  expect(await rig.untilOver(taskId)).toMatchObject({ result: { result: ranResult } });
  expect(rig.gate.reached).toHaveLength(1);
});

it('one that is asked about anew at its dispatch goes on as the same task, with the new question', async () => {
  const taskId = await rig.open();
  const { id } = await rig.onePending();
  await rig.yes();
  changesAtDispatch(() => {});
  expect(statusIn(await rig.get(taskId))).toBe('working');
  expect((await rig.onePending()).id).not.toBe(id);
  await rig.yes();
  expect(await rig.untilOver(taskId)).toMatchObject(ran);
  expect(rig.gate.reached).toHaveLength(1);
  expect(rig.approvalKinds().filter((kind) => kind === 'requested')).toHaveLength(2);
});

it('a caller who has joined asks anew when the change is taken back: nothing is made of arguments without a yes', async () => {
  const waiting = { name: 'codex', capabilities: {} };
  const denied = decisions.deny;
  const { escalate } = decisions;
  rig.gate.policy = ({ resource }) =>
    JSON.stringify(resource.properties.arguments) === changed
      ? denied
      : { ...escalate, approval: { ...escalate.approval, quorum: 2 } };
  const taskId = await rig.open();
  const joined = rig.call(undefined, waiting);
  await vi.waitFor(() => expect(rig.entries('decision')).toHaveLength(2));
  const { id } = await rig.onePending();
  await change();
  await rig.takeBack(taskId);
  await vi.waitFor(() => expect(rig.entries('approval.requested')).toHaveLength(2));
  const asked = await rig.onePending();
  expect(asked.id).not.toBe(id);
  expect(asked.edited).toBeUndefined();
  await rig.no();
  expect(JSON.stringify(await joined)).toContain('Denied by an approver');
  expect(rig.gate.reached).toEqual([]);
});
