import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import {
  Client,
  StreamableHTTPClientTransport,
  type Transport,
} from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { describe, expect, it } from 'vitest';
import type { LineClient } from '../harness/line-client.ts';
import { decisionOf, type Message, pick, textAt } from '../harness/message.ts';
import { main, type Scratch, scratch } from '../harness/scratch.ts';
import { until } from '../harness/until.ts';
import { serveGate } from '../peers/serve-gate.ts';

const name = 'raw__count';
const ran = [{ tool: 'count', arguments: { n: 1 } }];

function envelope(capabilities: object): object {
  return {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'rounds', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': capabilities,
  };
}

function call(
  client: LineClient,
  more: object = {},
  capabilities: object = { elicitation: {} },
): Promise<Message> {
  const params = { name, arguments: { n: 1 }, ...more, _meta: envelope(capabilities) };
  return client.request('tools/call', params);
}

async function countBehindGate(): Promise<{ house: Scratch; yes: (id: string) => Promise<void> }> {
  const house = await scratch({ config: { approvals: { hold: { default: '1s' } } } });
  const approver = await house.approver();
  const yes = async (id: string) => {
    expect(await house.cli(['approve', id], approver)).toMatchObject({ code: 0 });
  };
  return { house, yes };
}

describe('a held call of a modern client', () => {
  it('goes on with the next request, after the gate was killed in between, and runs once', async () => {
    const { house, yes } = await countBehindGate();
    const first = house.start();
    const held = await call(first);
    expect(textAt(held, 'result.resultType')).toBe('input_required');
    first.kill('SIGKILL');
    await first.exited;

    const requestState = textAt(held, 'result.requestState');
    const second = house.start();
    const still = await call(second, { requestState });
    expect(textAt(still, 'result.resultType')).toBe('input_required');
    const id = textAt(decisionOf(held), 'approval_id');
    expect(textAt(decisionOf(still), 'approval_id')).toBe(id);
    expect(house.executed()).toEqual([]);

    await yes(id);
    const state = { requestState: textAt(still, 'result.requestState') };
    const done = await call(second, state);
    expect(textAt(done, 'result.content.0.text')).toBe('counted');
    expect(pick(await call(second, state), 'error.code')).toBe(-32602);
    expect(house.executed()).toEqual(ran);
    expect(await house.journal('approval.requested')).toHaveLength(1);
  });

  it('ends as a pending result where the client declares nothing that it could be asked', async () => {
    const { house } = await countBehindGate();
    const answer = await call(house.start(), {}, {});
    expect(textAt(answer, 'result.content.0.text')).toMatch(/^PENDING APPROVAL/);
  });

  it.each([
    ['stdio', overStdio],
    ['HTTP', overHttp],
  ])('reaches a v2 SDK client by rounds that it makes by itself, over %s', async (_, over) => {
    const { house, yes } = await countBehindGate();
    // The raw server answers with what a typed client drops.
    house.configure({ mcpServers: { files: house.files() } });
    const file = path.join(house.area, 'out.txt');
    const client = new Client(
      { name: 'sdk2', version: '1' },
      {
        capabilities: { elicitation: {} },
        versionNegotiation: { mode: { pin: '2026-07-28' } },
      },
    );
    await client.connect(await over(house));
    try {
      const args = { path: file, content: 'written' };
      const answer = client.callTool({ name: 'files__write_file', arguments: args });
      await until('a third round', async () => (await house.journal('decision')).length >= 3);
      const [pending] = await house.pending();
      expect(existsSync(file)).toBe(false);
      await yes(textAt(pending, 'id'));
      expect(await answer).not.toMatchObject({ isError: true });
    } finally {
      await client.close();
    }
    expect(readFileSync(file, 'utf8')).toBe('written');
    const outcomes = await house.journal('outcome');
    expect(outcomes.map(({ body }) => body['status'])).toEqual(['executed']);
    expect(await house.journal('approval.requested')).toHaveLength(1);
  });
});

function overStdio(house: Scratch): Transport {
  const { PATH = '', ...env } = house.env();
  return new StdioClientTransport({
    command: process.execPath,
    args: [main, 'run', '--config', house.configFile],
    env: { ...texts(env), PATH },
  });
}

async function overHttp(house: Scratch): Promise<Transport> {
  const { origin } = await serveGate(house);
  return new StreamableHTTPClientTransport(new URL(`${origin}/mcp`));
}

function texts(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}
