import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { describe, expect, it } from 'vitest';
import type { LineClient } from '../harness/line-client.ts';
import { listAt, pick, textAt } from '../harness/message.ts';
import { main, scratch } from '../harness/scratch.ts';

// Tasks of MCP 2025-11-25, which only clients get that are known to take them.

const named = { name: 'Visual Studio Code', version: '1.120.0' };

async function supports(client: LineClient): Promise<unknown> {
  const tools = listAt(await client.request('tools/list'), 'result.tools');
  const count = tools.find((tool) => textAt(tool, 'name') === 'raw__count');
  return pick(count, 'execution.taskSupport');
}

describe('a client that takes tasks of 2025-11-25', () => {
  it('is offered them, and goes on with its held call after kill -9 of the gate', async () => {
    const house = await scratch();
    const approver = await house.approver();
    const first = house.start();
    const hello = await first.initialize({}, '2025-11-25', named);
    expect(pick(hello, 'result.capabilities.tasks')).toEqual({
      cancel: {},
      requests: { tools: { call: {} } },
    });
    expect(await supports(first)).toBe('optional');
    const call = { name: 'raw__count', arguments: { n: 1 }, task: { ttl: 60_000 } };
    const taskId = textAt(await first.request('tools/call', call), 'result.task.taskId');
    first.kill('SIGKILL');
    await first.exited;

    const second = house.start();
    await second.initialize({}, '2025-11-25', named);
    const result = second.request('tasks/result', { taskId });
    const [pending] = await house.pending();
    expect(house.executed()).toEqual([]);
    expect(await house.cli(['approve', textAt(pending, 'id')], approver)).toMatchObject({
      code: 0,
    });
    const got = await result;
    expect(textAt(got, 'result.content.0.text')).toBe('counted');
    expect(pick(got, 'result._meta')).toMatchObject({
      'io.modelcontextprotocol/related-task': { taskId },
    });
    const state = await second.request('tasks/get', { taskId });
    expect(textAt(state, 'result.status')).toBe('completed');
    expect(house.executed()).toEqual([{ tool: 'count', arguments: { n: 1 } }]);
  });

  it('is told of none where the configuration says so, and where its name says nothing', async () => {
    const house = await scratch({ config: { approvals: { tasks: { 'visual studio': 'none' } } } });
    for (const clientInfo of [named, { name: 'anybody', version: '1' }]) {
      const client = house.start();
      const hello = await client.initialize({}, '2025-11-25', clientInfo);
      expect(pick(hello, 'result.capabilities')).not.toHaveProperty('tasks');
      expect(await supports(client)).not.toBe('optional');
      const answer = await client.request('tasks/get', { taskId: 'x' });
      expect(pick(answer, 'error.code')).toBe(-32601);
    }
  });

  it('may be an SDK client, whose calls come to their results by themselves', async () => {
    const house = await scratch({
      servers: {},
      config: { approvals: { tasks: { sdk1: '2025-11-25' } } },
    });
    house.configure({ mcpServers: { files: house.files() } });
    const approver = await house.approver();
    const client = new Client({ name: 'sdk1', version: '1' });
    await client.connect(
      new StdioClientTransport({
        command: process.execPath,
        args: [main, 'run', '--config', house.configFile],
        env: Object.fromEntries(
          Object.entries(house.env()).flatMap(([key, value]) =>
            value === undefined ? [] : [[key, value]],
          ),
        ),
      }),
    );
    try {
      await client.listTools();
      const inside = { path: path.join(house.workspace, 'in.txt'), content: 'inside' };
      expect(await streamed(client, inside)).toEqual(['taskCreated', 'taskStatus', 'result']);
      expect(readFileSync(inside.path, 'utf8')).toBe('inside');

      const outside = { path: path.join(house.area, 'out.txt'), content: 'outside' };
      const seen = streamed(client, outside);
      const [pending] = await house.pending();
      await house.cli(['approve', textAt(pending, 'id')], approver);
      const kinds = await seen;
      expect([kinds.at(0), kinds.at(-1)]).toEqual(['taskCreated', 'result']);
      expect(readFileSync(outside.path, 'utf8')).toBe('outside');
    } finally {
      await client.close();
    }
    const outcomes = await house.journal('outcome');
    expect(outcomes.map(({ body }) => body['status'])).toEqual(['executed', 'executed']);
  });
});

/** What the SDK tells of a call, in order; fails with its error. */
async function streamed(client: Client, args: { path: string; content: string }) {
  const call = { name: 'files__write_file', arguments: args };
  const kinds: string[] = [];
  for await (const message of client.experimental.tasks.callToolStream(call, undefined, {
    task: { ttl: 60_000 },
  })) {
    if (message.type === 'error') throw message.error;
    if (message.type === 'result') expect(message.result).not.toMatchObject({ isError: true });
    kinds.push(message.type);
  }
  return kinds;
}
