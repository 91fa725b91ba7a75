import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { LineClient } from '../harness/line-client.ts';
import { decisionOf, type Message, pick, textAt } from '../harness/message.ts';
import { type Scratch, scratch } from '../harness/scratch.ts';
import { until } from '../harness/until.ts';

const extension = 'io.modelcontextprotocol/tasks';
const ran = [{ tool: 'count', arguments: { n: 1 } }];

const _meta = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'tasks', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': { extensions: { [extension]: {} } },
};

/** A call that the gate answers with a task. */
async function openTask(client: LineClient, name = 'raw__count', args: object = { n: 1 }) {
  const answer = await client.request('tools/call', { name, arguments: args, _meta });
  expect(textAt(answer, 'result.resultType')).toBe('task');
  return { answer, taskId: textAt(answer, 'result.taskId') };
}

const about = (client: LineClient, method: string, taskId: string): Promise<Message> =>
  client.request(`tasks/${method}`, { taskId, _meta });

/** Asks for the task until it is over, as its client would. */
async function untilOver(client: LineClient, taskId: string): Promise<Message> {
  let got: Message = {};
  await until('the end of the task', async () => {
    got = await about(client, 'get', taskId);
    return textAt(got, 'result.status') !== 'working';
  });
  return got;
}

interface Place {
  readonly house: Scratch;
  readonly yes: (id: string) => Promise<void>;
  /** A yes to the call with `n` as 2. */
  readonly change: (id: string) => Promise<void>;
}

async function countBehindGate(): Promise<Place> {
  const house = await scratch();
  const approver = await house.approver();
  const yes = async (id: string) => {
    expect(await house.cli(['approve', id], approver)).toMatchObject({ code: 0 });
  };
  const change = async (id: string) => {
    const file = path.join(house.dir, 'new.json');
    writeFileSync(file, JSON.stringify({ n: 2 }));
    const done = await house.cli(['approve', id, '--edit-file', file], approver);
    expect(done).toMatchObject({ code: 0 });
  };
  return { house, yes, change };
}

describe('a held call of a client that takes tasks', () => {
  it('is a task at once that says what it waits for, and no way to approve it', async () => {
    const { house } = await countBehindGate();
    const { answer } = await openTask(house.start());
    const id = textAt(decisionOf(answer), 'approval_id');
    expect(pick(answer, 'result')).toMatchObject({
      status: 'working',
      statusMessage: `The call waits for a person's approval (${id}). It was not executed.`,
      pollIntervalMs: 2_000,
    });
    expect(JSON.stringify(answer)).not.toMatch(/mcp-gate approve|npx/);
    expect(house.executed()).toEqual([]);
  });

  it('goes on after kill -9 before the yes, runs once, and its result is told again', async () => {
    const { house, yes } = await countBehindGate();
    const first = house.start();
    const { answer, taskId } = await openTask(first);
    first.kill('SIGKILL');
    await first.exited;

    const second = house.start();
    expect(textAt(await about(second, 'get', taskId), 'result.status')).toBe('working');
    await yes(textAt(decisionOf(answer), 'approval_id'));
    const done = await untilOver(second, taskId);
    expect(textAt(done, 'result.status')).toBe('completed');
    expect(textAt(done, 'result.result.content.0.text')).toBe('counted');
    expect(pick(await about(second, 'get', taskId), 'result')).toEqual(pick(done, 'result'));
    expect(house.executed()).toEqual(ran);
    expect(await house.journal('approval.requested')).toHaveLength(1);
    expect((await house.journal('outcome')).map(({ body }) => body['status'])).toEqual([
      'executed',
    ]);
  });

  it('goes on after kill -9 behind the yes, and its result outlives another', async () => {
    const { house, yes } = await countBehindGate();
    const first = house.start();
    const { answer, taskId } = await openTask(first);
    await yes(textAt(decisionOf(answer), 'approval_id'));
    first.kill('SIGKILL');
    await first.exited;
    const second = house.start();
    const done = await untilOver(second, taskId);
    second.kill('SIGKILL');
    await second.exited;
    const third = await about(house.start(), 'get', taskId);
    expect(pick(third, 'result')).toEqual(pick(done, 'result'));
    expect(house.executed()).toEqual(ran);
  });

  it('that was in flight at kill -9 is told to be unknown, and is neither run nor asked again', async () => {
    const { house, yes } = await countBehindGate();
    const first = house.start();
    const { answer, taskId } = await openTask(first, 'raw__slow', { ms: 60_000 });
    await yes(textAt(decisionOf(answer), 'approval_id'));
    await about(first, 'get', taskId);
    await until('the dispatch', async () => house.executed().length === 1);
    first.kill('SIGKILL');
    await first.exited;
    const second = house.start();
    const done = await untilOver(second, taskId);
    expect(textAt(done, 'result.status')).toBe('completed');
    expect(pick(done, 'result.result.isError')).toBe(true);
    expect(textAt(done, 'result.result.content.0.text')).toMatch(/It may have run/);
    expect(house.executed()).toHaveLength(1);
    await house.pending(0);
    expect((await house.journal('outcome')).map(({ body }) => body['status'])).toEqual(['unknown']);
  });

  it('runs nothing while nobody asks for the task, however long ago the yes was', async () => {
    const { house, yes } = await countBehindGate();
    const client = house.start();
    const { answer, taskId } = await openTask(client);
    await yes(textAt(decisionOf(answer), 'approval_id'));
    await sleep(500);
    expect(house.executed()).toEqual([]);
    await untilOver(client, taskId);
    expect(house.executed()).toEqual(ran);
  });

  it('is taken back by its caller: nobody can approve it any more', async () => {
    const house = await scratch();
    const approver = await house.approver();
    const client = house.start();
    const { answer, taskId } = await openTask(client);
    expect(pick(await about(client, 'cancel', taskId), 'result')).toEqual({
      resultType: 'complete',
    });
    expect(textAt(await about(client, 'get', taskId), 'result.status')).toBe('cancelled');
    const id = textAt(decisionOf(answer), 'approval_id');
    const late = await house.cli(['approve', id], approver);
    expect(late).not.toMatchObject({ code: 0 });
    expect(late.stderr).toContain('is cancelled, expected pending');
    const [cancelled] = await house.journal('approval.cancelled');
    expect(cancelled?.body).toMatchObject({ approval_id: id, was: 'pending' });
    expect(house.executed()).toEqual([]);
  });

  it('runs as a person has changed it, once, after kill -9 behind the change', async () => {
    const { house, change } = await countBehindGate();
    const first = house.start();
    const { answer, taskId } = await openTask(first);
    await change(textAt(decisionOf(answer), 'approval_id'));
    first.kill('SIGKILL');
    await first.exited;
    const second = house.start();
    const done = await untilOver(second, taskId);
    expect(textAt(done, 'result.status')).toBe('completed');
    expect(textAt(done, 'result.result.content.0.text')).toBe('counted');
    expect(JSON.stringify(pick(done, 'result.result'))).toContain('A person changed the arguments');
    expect(house.executed()).toEqual([{ tool: 'count', arguments: { n: 2 } }]);
    // The result was told: the next identical call is a new one.
    await openTask(second);
    expect(await house.pending()).toMatchObject([{ arguments: { n: 1 } }]);
    expect(house.executed()).toHaveLength(1);
  });

  it('is taken back by its caller, also what a person has made of it', async () => {
    const { house, change } = await countBehindGate();
    const client = house.start();
    const { answer, taskId } = await openTask(client);
    await change(textAt(decisionOf(answer), 'approval_id'));
    await about(client, 'cancel', taskId);
    expect(textAt(await about(client, 'get', taskId), 'result.status')).toBe('cancelled');
    const next = await openTask(client);
    expect(textAt(await about(client, 'get', next.taskId), 'result.status')).toBe('working');
    expect(await house.pending()).toMatchObject([{ arguments: { n: 1 } }]);
    expect(house.executed()).toEqual([]);
  });
});
