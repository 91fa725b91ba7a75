import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import type { LineClient } from '../harness/line-client.ts';
import { decisionOf, type Message, pick, textAt } from '../harness/message.ts';
import { root, type Scratch, scratch } from '../harness/scratch.ts';
import { until } from '../harness/until.ts';

const preload = pathToFileURL(path.join(root, 'test', 'fixtures', 'kill-at-commit.mjs')).href;
const name = 'raw__count';
const _meta = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'tasks', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {
    extensions: { 'io.modelcontextprotocol/tasks': {} },
  },
};

/** A gate that is killed exactly there, and a house in which a person can say yes. */
async function killedAt(where: string) {
  const house = await scratch();
  const approver = await house.approver();
  const yes = async (id: string) => {
    expect(await house.cli(['approve', id], approver)).toMatchObject({ code: 0 });
  };
  const gate = house.start({ KILL_AT: where, NODE_OPTIONS: `--import=${preload}` });
  return { house, yes, gate };
}

const call = (client: LineClient) =>
  client.request('tools/call', { name, arguments: { n: 1 }, _meta });
const get = (client: LineClient, taskId: string) => client.request('tasks/get', { taskId, _meta });

async function killed(gate: LineClient): Promise<void> {
  expect(await gate.exited).toMatchObject({ signal: 'SIGKILL' });
}

async function end(client: LineClient, taskId: string): Promise<Message> {
  let got: Message = {};
  await until('the end of the task', async () => {
    got = await get(client, taskId);
    return textAt(got, 'result.status') !== 'working';
  });
  return got;
}

async function kinds(house: Scratch): Promise<readonly string[]> {
  const entries = await house.journal();
  return entries.flatMap(({ kind, body }) => {
    if (kind === 'outcome') return [String(body['status'])];
    return kind.startsWith('approval.') ? [kind.slice('approval.'.length)] : [];
  });
}

/** Opens a task and says yes; the gate is killed while it takes the call up. */
async function killedOnTheWay(where: string) {
  const { house, yes, gate } = await killedAt(where);
  const opened = await call(gate);
  const taskId = textAt(opened, 'result.taskId');
  await yes(textAt(decisionOf(opened), 'approval_id'));
  gate.start('tasks/get', { taskId, _meta });
  await killed(gate);
  return { house, yes, taskId, gate: house.start() };
}

/** The task tells that its call may have run; the identical call is asked about anew, and is told of the one before. */
async function maybeRan({ house, yes, taskId, gate }: Awaited<ReturnType<typeof killedOnTheWay>>) {
  const over = await end(gate, taskId);
  expect(textAt(over, 'result.result.content.0.text')).toMatch(/It may have run/);
  expect(pick(over, 'result.result.isError')).toBe(true);
  await house.pending(0);
  const before = house.executed().length;
  const again = await call(gate);
  const second = textAt(again, 'result.taskId');
  const asked = await house.pending();
  expect(asked).toHaveLength(1);
  expect(house.executed()).toHaveLength(before);
  await yes(textAt(decisionOf(again), 'approval_id'));
  expect(textAt(await end(gate, second), 'result.result.content.0.text')).toBe('counted');
  expect(house.executed()).toHaveLength(before + 1);
}

it('a gate that is killed before it has recorded the call has made no task: the call is made again', async () => {
  const { house, yes, gate } = await killedAt('before decision');
  gate.start('tools/call', { name, arguments: { n: 1 }, _meta });
  await killed(gate);
  expect(await kinds(house)).toEqual([]);
  const second = house.start();
  const opened = await call(second);
  await yes(textAt(decisionOf(opened), 'approval_id'));
  const over = await end(second, textAt(opened, 'result.taskId'));
  expect(textAt(over, 'result.result.content.0.text')).toBe('counted');
  expect(house.executed()).toHaveLength(1);
  expect(await kinds(house)).toEqual(['requested', 'approved', 'consumed', 'executed']);
});

it('one that is killed when the question is recorded leaves it to the call that is made again', async () => {
  const { house, yes, gate } = await killedAt('after approval.requested');
  gate.start('tools/call', { name, arguments: { n: 1 }, _meta });
  await killed(gate);
  const second = house.start();
  const opened = await call(second);
  await yes(textAt(decisionOf(opened), 'approval_id'));
  await end(second, textAt(opened, 'result.taskId'));
  expect(house.executed()).toHaveLength(1);
  expect(await kinds(house)).toEqual(['requested', 'approved', 'consumed', 'executed']);
});

it('one that is killed when the yes is used up has sent nothing, and nobody sends it unasked', async () => {
  const scene = await killedOnTheWay('after approval.consumed');
  expect(scene.house.executed()).toEqual([]);
  await maybeRan(scene);
  const lost = ['requested', 'approved', 'consumed', 'unknown'];
  expect(await kinds(scene.house)).toEqual([
    ...lost,
    ...['requested', 'approved', 'consumed', 'executed'],
  ]);
});

it('one that is killed before the result is recorded has run the call, and nobody runs it unasked', async () => {
  const scene = await killedOnTheWay('before outcome');
  await maybeRan(scene);
  const lost = ['requested', 'approved', 'consumed', 'unknown'];
  expect(await kinds(scene.house)).toEqual([
    ...lost,
    ...['requested', 'approved', 'consumed', 'executed'],
  ]);
});
