import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { decideApproval } from '../../../src/approval/decide.ts';
import { openStore } from '../../../src/store/sqlite-store.ts';
import { main, root, type Scratch } from '../../harness/scratch.ts';
import { until } from '../../harness/until.ts';

/** What came of one call that a person answers after 90 seconds. */
export interface TimedOut {
  /** What the client threw, and when. */
  readonly thrown: unknown;
  readonly afterMs: number;
  /** What had run when the yes was there and nobody had asked again. */
  readonly executedBefore: number;
  readonly retried: unknown;
}

/** A client of the SDK's first line with the time-out that it comes with; the gate would hold the call for longer. */
export async function timedOut(house: Scratch): Promise<TimedOut> {
  const server = path.join(root, 'test', 'peers', 'sdk2-server.mjs');
  const two = { command: process.execPath, args: [server, house.record] };
  house.configure({ mcpServers: { two } });
  const { PATH = '', HOME = '', MCP_GATE_HOME = '' } = house.env();
  const client = new Client({ name: 'sdk1', version: '1' });
  const args = [main, 'run', '--config', house.configFile];
  const env = { PATH, HOME, MCP_GATE_HOME };
  await client.connect(new StdioClientTransport({ command: process.execPath, args, env }));
  const store = openStore({ dir: house.state, durability: 'process', clock: Date.now });
  try {
    const call = { name: 'two__test_echo', arguments: { text: 'said' } };
    const startedMs = Date.now();
    const gaveUp = client.callTool(call).catch((thrown: unknown) => thrown);
    await until('a question', () => store.approvals(['pending']).length === 1);
    const thrown = await gaveUp;
    const afterMs = Date.now() - startedMs;
    await sleep(Math.max(0, startedMs + 90_000 - Date.now()));
    const id = store.approvals(['pending'])[0]?.id ?? '';
    const approver = { kind: 'terminal', name: 'bob' } as const;
    const yes = { id, verdict: 'approve', approver, reason: undefined } as const;
    await decideApproval({ store, clock: Date.now }, yes);
    // A gate that would run it for nobody looks many times in this.
    await sleep(500);
    const executedBefore = house.executed().length;
    return { thrown, afterMs, executedBefore, retried: await client.callTool(call) };
  } finally {
    await client.close();
    await store.close();
  }
}
