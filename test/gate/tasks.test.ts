import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TaskRoom } from '../../src/approval/tasks/task-room.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { answered, answeredAs, answeredError, asksOnce, decisions } from './rig.ts';
import { matrix, tooLate } from './tasks-matrix.ts';
import { statusIn, TasksRig, taskIn } from './tasks-rig.ts';

let rig: TasksRig;
beforeEach(() => {
  rig = new TasksRig();
});
afterEach(() => rig.close());

/** Every approval that is asked for from now on is over after a second. */
function askBriefly(): void {
  const approval = { ...decisions.escalate.approval, expires_in_s: 1 };
  rig.gate.policy = (input) => {
    const decision = asksOnce(input);
    return decision.outcome === 'escalate' ? { ...decision, approval } : decision;
  };
}

async function untilAfter(timeMs: number): Promise<void> {
  while (Date.now() < timeMs) await sleep(timeMs - Date.now());
}

const working = { result: { status: 'working' } };

describe('a held call of a client that takes tasks', () => {
  it.each(matrix.map((row) => [row.when, row] as const))('%s', async (_, row) => {
    const taskId = await rig.open();
    expect(await row.next(rig, taskId)).toMatchObject(row.gets);
    expect(rig.gate.reached).toHaveLength(row.executions);
    expect(rig.approvalKinds()).toEqual(row.journal);
    const statuses = rig.entries('outcome').map((entry) => entry['status']);
    const executed = new Array(row.executions).fill('executed');
    expect(statuses).toEqual(row.outcomes ?? executed);
    // One trace holds everything that the task has led to.
    const forwarded = rig.entries('decision').filter((entry) => entry['forwarded'] === true);
    expect(forwarded).toHaveLength(
      row.outcomes?.filter((status) => status !== 'fetched').length ?? row.executions,
    );
  });

  it('is told how it ended, and nobody is asked again, when it expired', async () => {
    askBriefly();
    const taskId = await rig.open();
    await untilAfter((await rig.onePending()).expiresMs);
    expect(await rig.untilOver(taskId)).toMatchObject(tooLate);
    expect(rig.approvalKinds()).toEqual(['requested', 'expired']);
    expect(rig.gate.reached).toEqual([]);
  });

  it('is told so when the yes came and nobody asked in time', async () => {
    askBriefly();
    const taskId = await rig.open();
    const { expiresMs } = await rig.onePending();
    await rig.yes();
    await untilAfter(expiresMs);
    expect(await rig.untilOver(taskId)).toMatchObject(tooLate);
    expect(rig.approvalKinds()).toEqual(['requested', 'approved']);
    expect(rig.gate.reached).toEqual([]);
  });

  it.each([
    ['with its yes', asksOnce],
    ['without', () => decisions.allow],
  ])(
    'runs once where two gates take it up at once %s, and leaves no question',
    async (_, policy) => {
      for (let turn = 0; turn < 20; turn += 1) {
        const args = { turn };
        rig.gate.policy = asksOnce;
        const taskId = await rig.open(args);
        const other = rig.beside();
        await rig.yes();
        for (const { gate } of [rig, other]) gate.policy = policy;
        await Promise.all([rig.get(taskId), other.get(taskId)]);
        const got = await rig.untilOver(taskId);
        expect(got).toMatchObject({ result: { result: { ran: true } } });
        expect(await other.untilOver(taskId)).toEqual(got);
        expect([...rig.gate.reached, ...other.gate.reached]).toEqual([JSON.stringify(args)]);
        rig.gate.reached.length = 0;
        await other.close();
        expect(rig.gate.store.approvals(['pending'])).toEqual([]);
      }
    },
  );

  it('takes back what was asked for it here once it has run elsewhere', async () => {
    const taskId = await rig.open();
    const other = await rig.open({ path: 'b' });
    await rig.takeBack(other);
    await rig.yes();
    await rig.untilOver(taskId);
    const task = rig.tasks.find('os:alice', taskId);
    if (task === undefined) throw new Error('no task');
    const asked = await rig.gate.store.write('decision', (tx) => {
      const [row] = tx.approvals(['consumed']);
      if (row === undefined) throw new Error('nothing was used up');
      const again = { ...row, id: 'ap_again', state: 'pending', consumedBy: undefined } as const;
      tx.putApproval({ ...again, resultPayload: undefined });
      return again;
    });
    const held = { approvalId: asked.id, binding: asked.binding, round: 1 };
    expect(await rig.tasks.adopt('os:alice', task, held)).toBe(false);
    expect(rig.gate.store.approval('ap_again')?.state).toBe('cancelled');
  });

  it('says what it waits for and how long that is open', async () => {
    const got = await rig.call();
    const { id, createdMs, expiresMs } = await rig.onePending();
    expect(got).toMatchObject({
      result: {
        resultType: 'task',
        status: 'working',
        statusMessage: `The call waits for a person's approval (${id}). It was not executed.`,
        pollIntervalMs: 2_000,
        _meta: { 'dev.mcp-gate/decision': { approval_id: id, outcome: 'escalate' } },
      },
    });
    const { createdAt, ttlMs } = Object(got['result']);
    // Whoever gives it up then has been told of the expiry before.
    expect(Date.parse(createdAt) + ttlMs).toBe(expiresMs + 600_000);
    expect(Date.parse(createdAt)).toBeGreaterThanOrEqual(createdMs);
    expect(Object(got['result'])).not.toHaveProperty('content');
  });

  it('is not decided again while nothing has changed', async () => {
    const taskId = await rig.open();
    for (let poll = 0; poll < 5; poll += 1) expect(await rig.get(taskId)).toMatchObject(working);
    expect(rig.entries('decision')).toHaveLength(1);
  });

  it('has one trace, the restart in between included', async () => {
    const taskId = await rig.open();
    await rig.restart();
    await rig.yes();
    await rig.untilOver(taskId);
    const kinds = ['decision', 'outcome', 'approval.requested', 'approval.consumed'];
    const traces = kinds.flatMap((kind) => rig.entries(kind)).map((entry) => entry['trace_id']);
    expect(traces.length).toBeGreaterThan(4);
    expect(new Set(traces).size).toBe(1);
  });

  it('is found only by the session that asked where nobody proved who it is', async () => {
    const anonymous = { scope: 'anonymous', verified: false };
    const taskId = await rig.open(undefined, anonymous);
    expect(await rig.get(taskId, anonymous)).toMatchObject(working);
    const error = { code: -32602, message: 'Unknown task' };
    expect(await rig.get(taskId, { ...anonymous, name: 'another' })).toMatchObject({ error });
  });

  it('keeps nothing readable of itself in the store under its own name', async () => {
    const taskId = await rig.open();
    expect(rig.gate.store.payload(taskId)).toBeUndefined();
    expect(rig.gate.store.payload(`task ${taskId}`)).toBeUndefined();
  });
});

describe('what the tool says', () => {
  it('comes through a task byte for byte', async () => {
    const text = '{"content":[],"structuredContent":{"n":12345678901234567890,"e":1.0}}';
    rig.gate.deliver = () => Promise.resolve(answeredAs(text));
    const taskId = await rig.open();
    await rig.yes();
    const { text: said } = await rig.untilOver(taskId);
    expect(said).toContain('"structuredContent":{"n":12345678901234567890,"e":1.0}');
    await rig.restart();
    expect((await rig.get(taskId))['text']).toBe(said);
  });

  it('ends the task as failed when it is an error of the protocol', async () => {
    rig.gate.deliver = () => Promise.resolve(answeredError({ code: 7, message: 'no', data: [1] }));
    const taskId = await rig.open();
    await rig.yes();
    const error = { code: 7, message: 'no', data: [1] };
    expect(await rig.untilOver(taskId)).toMatchObject({ result: { status: 'failed', error } });
  });

  it('is told as an error when nothing came', async () => {
    rig.gate.deliver = () => Promise.resolve({ kind: 'lost', reason: 'gone' });
    const taskId = await rig.open();
    await rig.yes();
    expect(await rig.untilOver(taskId)).toMatchObject({
      result: { status: 'completed', result: { isError: true } },
    });
    expect(await rig.get(taskId)).toMatchObject({ result: { status: 'completed' } });
    expect(rig.gate.reached).toHaveLength(1);
    expect(rig.approvalKinds()).toEqual(['requested', 'approved', 'consumed']);
  });
});

describe('a call that its server goes on with as a task', () => {
  const serversTask = answeredAs('{"resultType":"task","taskId":"theirs","status":"working"}');
  const open = async () => {
    rig.era = 'modern';
    rig.gate.deliver = () =>
      Promise.resolve(
        serversTask.kind === 'answered'
          ? { ...serversTask, response: { ...serversTask.response, resultType: 'task' } }
          : serversTask,
      );
    rig.onTask = ({ method }) =>
      method === 'tasks/get'
        ? answeredAs('{"taskId":"theirs","status":"completed","result":{"n":12345678901234567890}}')
        : answered({});
    const taskId = await rig.open();
    await rig.yes();
    return taskId;
  };

  it('is asked for under the name that its caller knows', async () => {
    const taskId = await open();
    expect(await rig.get(taskId)).toMatchObject({
      result: { resultType: 'complete', taskId, status: 'completed', result: {} },
    });
    await rig.takeBack(taskId);
    await rig.update(taskId);
    expect(rig.heard.map(({ method, fields }) => [method, fields?.['taskId']])).toEqual([
      ['tasks/get', 'theirs'],
      ['tasks/cancel', 'theirs'],
      ['tasks/update', 'theirs'],
    ]);
    expect(rig.gate.reached).toHaveLength(1);
  });

  it('is not reached by another caller', async () => {
    const taskId = await open();
    await rig.get(taskId);
    const error = { code: -32602, message: 'Unknown task' };
    expect(await rig.get(taskId, { scope: 'os:mallory' })).toMatchObject({ error });
    expect(await rig.get('theirs', { scope: 'os:mallory' })).toMatchObject({ error });
    expect(rig.heard).toHaveLength(1);
  });

  it('ends with the gate, is told so, and is not run again', async () => {
    const taskId = await open();
    await rig.get(taskId);
    await rig.restart();
    expect(await rig.get(taskId)).toMatchObject({
      result: { status: 'completed', result: { isError: true } },
    });
    expect(rig.gate.reached).toHaveLength(1);
    expect(rig.approvalKinds()).toEqual(['requested', 'approved', 'consumed']);
  });
});

const none = { result: { isError: true, resultType: 'complete' } };
const rounds = { result: { resultType: 'input_required' } };
const extensions = { 'io.modelcontextprotocol/tasks': {} };

describe('a task is for', () => {
  const rows: readonly [claim: string, name: string, capabilities: JsonObject, object][] = [
    ['nobody who does not declare to take one', 'tasker', {}, none],
    ['nobody who is known to take none', 'claude-code', { extensions }, rounds],
    ['nobody whom the configuration gives none', 'mute', { extensions }, none],
    ['whom the configuration gives one, whatever the table says', 'codex', { extensions }, working],
    ['whom neither says anything of', 'somebody', { extensions }, working],
    ['nobody whom only the configuration gives one', 'codex', {}, none],
  ];
  it.each(rows)('%s', async (_, name, capabilities, gets) => {
    rig.gate.holdMs = 1;
    rig.gate.tasks = new Map([
      ['Codex', 'extension'],
      ['mute', 'none'],
    ]);
    expect(await rig.call(undefined, { name, capabilities })).toMatchObject(gets);
  });

  it('nobody else where the configuration says so', async () => {
    rig.gate.holdMs = 1;
    rig.gate.tasks = new Map([['default', 'none']]);
    expect(await rig.call()).toMatchObject(none);
  });

  it('no call that need not wait', async () => {
    rig.gate.policy = () => decisions.allow;
    expect(await rig.call()).toMatchObject({ result: { ran: true } });
    expect(rig.gate.store.approvals(undefined)).toEqual([]);
  });

  it('whoever declares it with the request that asks for it', async () => {
    const taskId = await rig.open();
    expect(await rig.get(taskId, { capabilities: {} })).toMatchObject({ error: { code: -32021 } });
  });
});

describe('ten thousand calls that wait', () => {
  it('make no more tasks of one caller than there is room for; the rest is told to repeat', async () => {
    const kinds = new Map<unknown, number>();
    for (let at = 0; at < 10_000; at += 1) {
      const got = await rig.call({ at });
      const { resultType } = Object(got['result']);
      kinds.set(resultType, (kinds.get(resultType) ?? 0) + 1);
    }
    expect(Object.fromEntries(kinds)).toEqual({ task: 1_000, complete: 9_000 });
    // Nothing is lost: the identical call still meets its question, and another caller has room of its own.
    expect(await rig.call({ at: 9_999 })).toMatchObject(none);
    expect(rig.approvalKinds().filter((kind) => kind === 'cancelled')).toEqual([]);
    expect(taskIn(await rig.call({ at: 0 }, { scope: 'os:bob' }))).toMatch(/^mg-/);
  }, 120_000);

  it('give their place back when they are over', async () => {
    rig.room = new TaskRoom(1, 1);
    await rig.restart();
    rig.gate.holdMs = 1;
    const taskId = await rig.open({ at: 1 });
    expect(await rig.call({ at: 2 })).toMatchObject(none);
    await rig.takeBack(taskId);
    expect(statusIn(await rig.get(taskId))).toBe('cancelled');
    await rig.open({ at: 2 });
  });
});
