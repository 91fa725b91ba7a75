import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Client as ModernClient } from '@modelcontextprotocol/client';
import { StdioClientTransport as ModernStdio } from '@modelcontextprotocol/client/stdio';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import {
  ElicitationCompleteNotificationSchema,
  ElicitRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { decisionOf, textAt } from '../harness/message.ts';
import { main, type Scratch, scratch } from '../harness/scratch.ts';
import { until } from '../harness/until.ts';
import { type ServedGate, serveGate } from '../peers/serve-gate.ts';

/** The address without the port, which is another in each test: what a question points to is looked up at the running one. */
const page = { url: 'http://127.0.0.1/approvals' };
const answers = ['accept', 'decline', 'cancel'] as const;
type Said = (typeof answers)[number];

async function gates(approvals: object = {}) {
  const house = await scratch({ config: { approvals: { page, ...approvals } } });
  house.configure({ mcpServers: { files: house.files() } });
  const { MCP_GATE_APPROVER: credential = '' } = await house.approver('dana');
  const served = await serveGate(house);
  const file = path.join(house.area, 'out.txt');
  return { house, served, credential, file, args: { path: file, content: 'written' } };
}

/** One form of the page, sent as a browser does. */
async function send(url: string, { origin }: ServedGate, fields: Record<string, string>) {
  const response = await fetch(`${origin}${new URL(url).pathname}`, {
    method: 'POST',
    headers: { origin: 'null', 'sec-fetch-site': 'same-origin' },
    body: new URLSearchParams(fields),
  });
  return { status: response.status, html: await response.text() };
}

/** A person who opens the address, looks at the call and answers. */
async function decide(url: string, served: ServedGate, credential: string, verdict: string) {
  const form = await fetch(`${served.origin}${new URL(url).pathname}`);
  expect(form.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(await form.text()).not.toContain('write_file');
  const shown = await send(url, served, { credential });
  expect(shown.html).toContain('write_file');
  const binding = /name="binding" value="([^"]+)"/.exec(shown.html)?.[1] ?? '';
  const decided = await send(url, served, { credential, binding, verdict, reason: 'seen' });
  expect(decided.status).toBe(200);
}

/** A client of the SDK's first line whose user can open addresses. */
async function legacyClient(transport: Transport, onAsked: (url: string) => Promise<Said>) {
  const client = new Client(
    { name: 'sdk1', version: '1' },
    { capabilities: { elicitation: { url: {} } } },
  );
  const urls: string[] = [];
  const ids: string[] = [];
  const completed: string[] = [];
  client.setRequestHandler(ElicitRequestSchema, async ({ params }) => {
    if (params.mode !== 'url') throw new Error('a form was sent');
    urls.push(params.url);
    ids.push(params.elicitationId);
    return { action: await onAsked(params.url) };
  });
  client.setNotificationHandler(ElicitationCompleteNotificationSchema, ({ params }) => {
    completed.push(params.elicitationId);
  });
  await client.connect(transport);
  onTestFinished(() => client.close());
  return { client, urls, ids, completed };
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

const name = 'files__write_file';

describe('a v1 SDK client over stdio, and a page that another process serves', () => {
  it('its user decides on the page: the call runs once, and the question is over', async () => {
    const { house, served, credential, file, args } = await gates();
    const asked = await legacyClient(new StdioClientTransport(stdio(house)), async (url) => {
      expect(existsSync(file)).toBe(false);
      await decide(url, served, credential, 'approve');
      return 'accept';
    });
    const answer = await asked.client.callTool({ name, arguments: args });
    expect(answer).not.toMatchObject({ isError: true });
    expect(readFileSync(file, 'utf8')).toBe('written');
    await until('the end of the question', async () => asked.completed.length === 1);
    expect(asked.completed).toEqual(asked.ids);
    const [entry] = await house.journal('approval.approved');
    expect(entry?.body).toMatchObject({ approver: 'dana', via: 'credential', verified: true });
    expect(await house.journal('outcome')).toHaveLength(1);
    const secret = credential.slice(credential.indexOf(':') + 1);
    expect(served.log()).not.toContain(secret);
    expect(JSON.stringify(await house.journal())).not.toContain(secret);
  });

  it.each([
    ['accept alone runs nothing', 'accept'],
    ['cancel alone ends nothing', 'cancel'],
  ] as const)('%s: the call waits, and is told that it is pending', async (_, said) => {
    const { house, file, args } = await gates({ hold: { default: '1s' } });
    const asked = await legacyClient(new StdioClientTransport(stdio(house)), async () => said);
    for (let times = 1; times <= 2; times += 1) {
      const answer = await asked.client.callTool({ name, arguments: args });
      expect(textAt(answer, 'content.0.text')).toMatch(/^PENDING APPROVAL/);
    }
    expect(asked.urls).toHaveLength(1);
    expect(existsSync(file)).toBe(false);
    await house.pending(1);
  });

  it('decline takes the question back', async () => {
    const { house, file, args } = await gates();
    const asked = await legacyClient(new StdioClientTransport(stdio(house)), async () => 'decline');
    const answer = await asked.client.callTool({ name, arguments: args });
    expect(textAt(answer, 'content.0.text')).toMatch(/declined in the client and taken back/);
    expect(existsSync(file)).toBe(false);
    const [entry] = await house.journal('approval.cancelled');
    expect(entry?.body).toMatchObject({ via: 'client', verified: false });
    await house.pending(0);
  });

  it('a gate that is killed while it waits: the next one asks again, and the call runs once', async () => {
    const { house, served, credential, args, file } = await gates();
    const first = house.start();
    await first.initialize({ elicitation: { url: {} } });
    first.onRequest(() => undefined);
    first.start('tools/call', { name, arguments: args });
    const question = await first.waitFor(
      'the question',
      ({ message }) => message.method === 'elicitation/create',
    );
    first.kill('SIGKILL');
    await first.exited;
    const url = textAt(question, 'params.url');
    const asked = await legacyClient(new StdioClientTransport(stdio(house)), async (again) => {
      expect(again).toBe(url);
      await decide(again, served, credential, 'approve');
      return 'accept';
    });
    await asked.client.callTool({ name, arguments: args });
    expect(readFileSync(file, 'utf8')).toBe('written');
    expect(await house.journal('approval.requested')).toHaveLength(1);
    expect(await house.journal('outcome')).toHaveLength(1);
  });
});

it('a v1 SDK client over HTTP is asked on the stream of its call', async () => {
  const { served, credential, file, args } = await gates();
  const transport = new StreamableHTTPClientTransport(new URL(`${served.origin}/mcp`));
  const asked = await legacyClient(transport, async (url) => {
    await decide(url, served, credential, 'deny');
    return 'accept';
  });
  const answer = await asked.client.callTool({ name, arguments: args });
  expect(textAt(answer, 'content.0.text')).toMatch(/^Denied by an approver/);
  expect(existsSync(file)).toBe(false);
});

describe('a v2 SDK client of the modern era', () => {
  it.each([
    ['approves on the page', 'approve', 'accept'],
    ['denies on the page', 'deny', 'accept'],
    ['declines in the client', undefined, 'decline'],
  ] as const)('whose user %s', async (_, verdict, said) => {
    const { house, served, credential, file, args } = await gates();
    const client = new ModernClient(
      { name: 'sdk2', version: '1' },
      {
        capabilities: { elicitation: { url: {} } },
        versionNegotiation: { mode: { pin: '2026-07-28' } },
      },
    );
    const urls: string[] = [];
    client.setRequestHandler('elicitation/create', async ({ params }) => {
      const url = textAt(params, 'url');
      urls.push(url);
      if (verdict !== undefined) await decide(url, served, credential, verdict);
      return { action: said };
    });
    await client.connect(new ModernStdio(stdio(house)));
    onTestFinished(() => client.close());
    const answer = await client.callTool({ name, arguments: args });
    expect(urls).toHaveLength(1);
    expect(existsSync(file)).toBe(verdict === 'approve');
    if (verdict === 'approve') expect(answer).not.toMatchObject({ isError: true });
    else expect(answer).toMatchObject({ isError: true });
    const requested = await house.journal('approval.requested');
    expect(requested).toHaveLength(1);
    const ended = { approve: 'approved', deny: 'denied' } as const;
    const kind = verdict === undefined ? 'cancelled' : ended[verdict];
    expect(await house.journal(`approval.${kind}`)).toHaveLength(1);
  });
});

describe('the page of a running gate', () => {
  it('is not there unless it is configured', async () => {
    const house = await scratch();
    const served = await serveGate(house);
    expect((await fetch(`${served.origin}/approvals/ap_0000000000`)).status).toBe(404);
  });

  it('is not opened beyond this machine where a credential could be read on its way', async () => {
    const house = await scratch({
      config: {
        approvals: { page },
        transport: { http: { host: '0.0.0.0', port: 0, tokens: { ci: 'a-token-of-a-program' } } },
      },
    });
    const done = await house.cli(['serve', '--config', house.configFile]);
    expect(done.code).toBe(2);
    expect(done.stderr).toContain('the approval page would be open on "0.0.0.0"');
  });

  it('takes no terminal for a proof: without approvers nobody decides there, and nobody is sent there', async () => {
    const house = await scratch({ config: { approvals: { page, hold: { default: '1s' } } } });
    const served = await serveGate(house);
    const client = house.start();
    await client.initialize({ elicitation: { url: {} } });
    const answer = await client.request('tools/call', { name: 'raw__count', arguments: {} });
    const id = textAt(decisionOf(answer), 'approval_id');
    expect(client.arrivals.some(({ message }) => message.method === 'elicitation/create')).toBe(
      false,
    );
    for (const credential of ['', 'root:', 'you:terminal']) {
      const got = await send(`${page.url}/${id}`, served, { credential, verdict: 'approve' });
      expect(got.status).toBe(403);
    }
    await house.pending(1);
  });
});
