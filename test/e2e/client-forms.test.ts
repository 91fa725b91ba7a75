import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Client as ModernClient } from '@modelcontextprotocol/client';
import { StdioClientTransport as ModernStdio } from '@modelcontextprotocol/client/stdio';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { textAt } from '../harness/message.ts';
import { main, type Scratch, scratch } from '../harness/scratch.ts';

const name = 'files__write_file';
const capabilities = { elicitation: {} };

/** A rule that a yes in the agent's own client is enough for, or that only has it asked. */
async function gate(client: 'asks' | 'confirms') {
  const rules = {
    'mine.rego': `package gate.rules.mine

escalate contains {"id": "mine.write", "reason": "writes need a yes", "client": "${client}"} if {
	input.resource.properties.tool == "write_file"
}
`,
  };
  const house = await scratch({ rules, config: { approvals: { hold: { default: '1s' } } } });
  house.configure({ mcpServers: { files: house.files() } });
  const file = path.join(house.area, 'out.txt');
  return { house, file, args: { path: file, content: 'written' } };
}

function stdio(house: Scratch) {
  const { PATH = '', ...env } = house.env();
  const texts = Object.entries(env).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, value]],
  );
  return {
    command: process.execPath,
    args: [main, 'run', '--config', house.configFile],
    env: { ...Object.fromEntries(texts), PATH },
  };
}

interface Said {
  readonly action: 'accept' | 'decline' | 'cancel';
  readonly content?: { readonly approve: boolean };
}

const yes: Said = { action: 'accept', content: { approve: true } };

type Call = (
  house: Scratch,
  args: Record<string, string>,
  said: Said,
) => Promise<[unknown, string[]]>;

const clients: Readonly<Record<string, Call>> = {
  'a v1 SDK client': async (house, args, said) => {
    const shown: string[] = [];
    const client = new Client({ name: 'sdk1', version: '1' }, { capabilities });
    client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
      shown.push(params.message);
      return { ...said };
    });
    await client.connect(new StdioClientTransport(stdio(house)));
    onTestFinished(() => client.close());
    return [await client.callTool({ name, arguments: args }), shown];
  },
  'a v2 SDK client of the modern era': async (house, args, said) => {
    const shown: string[] = [];
    const versionNegotiation = { mode: { pin: '2026-07-28' } } as const;
    const options = { capabilities, versionNegotiation };
    const client = new ModernClient({ name: 'sdk2', version: '1' }, options);
    client.setRequestHandler('elicitation/create', ({ params }) => {
      shown.push(params.message);
      return { ...said };
    });
    await client.connect(new ModernStdio(stdio(house)));
    onTestFinished(() => client.close());
    return [await client.callTool({ name, arguments: args }), shown];
  },
};

describe.each(Object.entries(clients))('%s, asked in a form', (_, call) => {
  it('a yes is enough for a rule that says so, and proves nobody', async () => {
    const { house, file, args } = await gate('confirms');
    const [answer, shown] = await call(house, args, yes);
    expect(answer).not.toMatchObject({ isError: true });
    expect(readFileSync(file, 'utf8')).toBe('written');
    expect(shown).toHaveLength(1);
    expect(shown[0]).toContain(`"path": "`);
    const [entry] = await house.journal('approval.approved');
    expect(entry?.body).toMatchObject({ via: 'client', verified: false, approvers: [] });
    expect(await house.journal('outcome')).toHaveLength(1);
  });

  it('a no takes the question back', async () => {
    const { house, file, args } = await gate('confirms');
    const [answer] = await call(house, args, { action: 'accept', content: { approve: false } });
    expect(textAt(answer, 'content.0.text')).toMatch(/The request for approval was withdrawn/);
    expect(existsSync(file)).toBe(false);
    expect(await house.journal('approval.cancelled')).toHaveLength(1);
  });
});

it('a yes where the rule only has it asked is put on record, and nothing runs', async () => {
  const { house, file, args } = await gate('asks');
  const call = clients['a v1 SDK client'];
  const [answer] = (await call?.(house, args, yes)) ?? [];
  expect(textAt(answer, 'content.0.text')).toMatch(/^PENDING APPROVAL/);
  expect(existsSync(file)).toBe(false);
  const [vote] = await house.journal('approval.voted');
  expect(vote?.body).toMatchObject({ via: 'client', verified: false });
  await house.pending(1);
});
