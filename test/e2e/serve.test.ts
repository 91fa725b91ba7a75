import net from 'node:net';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { pick, textAt } from '../harness/message.ts';
import { allowAll, root, type Scratch, scratch } from '../harness/scratch.ts';
import { until } from '../harness/until.ts';
import { type ServedGate, serveGate } from '../peers/serve-gate.ts';

const usual = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
};

const envelope = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
};

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

async function post(
  { origin }: ServedGate,
  message: object,
  headers: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<Answer> {
  const response = await fetch(`${origin}/mcp`, {
    method: 'POST',
    headers: { ...usual, ...headers },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, ...message }),
    ...(signal !== undefined && { signal }),
  });
  const text = await response.text();
  const data = /^data: (\{.*)$/m.exec(text)?.[1] ?? text;
  return { status: response.status, headers: response.headers, body: parsed(data) };
}

function parsed(text: string): unknown {
  return text === '' ? undefined : JSON.parse(text);
}

/** A tool call of the modern era. */
function modernCall(
  gate: ServedGate,
  name: string,
  args: object = {},
  signal?: AbortSignal,
  more: Record<string, string> = {},
) {
  const headers = {
    ...more,
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': name,
  };
  const params = { name, arguments: args, _meta: envelope };
  return post(gate, { method: 'tools/call', params }, headers, signal);
}

/** What the requests of a new session need. */
async function session(gate: ServedGate, headers: Record<string, string> = {}) {
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'e2e' } };
  const hello = await post(gate, { id: 0, method: 'initialize', params }, headers);
  expect(textAt(hello.body, 'result.serverInfo.name')).toBe('mcp-gate');
  return { ...headers, 'mcp-session-id': hello.headers.get('mcp-session-id') ?? '' };
}

function call(name: string, args: object = {}) {
  return { method: 'tools/call', params: { name, arguments: args } };
}

function cancellations(house: Scratch): number {
  return house.recorded().filter((fact) => fact['cancelled'] !== undefined).length;
}

it('serves both eras on one address, and says where', async () => {
  const house = await scratch({ rules: allowAll });
  const gate = await serveGate(house);
  await until('the line', () => gate.log() !== '');
  expect(gate.log()).toBe(`mcp-gate serves ${gate.origin}/mcp\n`);
  await until('policy', async () => (await fetch(`${gate.origin}/readyz`)).ok);
  expect((await fetch(`${gate.origin}/healthz`)).status).toBe(200);
  const headers = await session(gate);
  const legacy = await post(gate, call('raw__read'), headers);
  expect(textAt(legacy.body, 'result.content.0.text')).toBe('read');
  const modern = await modernCall(gate, 'raw__read');
  expect(textAt(modern.body, 'result.content.0.text')).toBe('read');
  expect(textAt(modern.body, 'result.resultType')).toBe('complete');
  const mismatch = await modernCall(gate, 'raw__read\u00e9');
  expect([mismatch.status, pick(mismatch.body, 'error.code')]).toEqual([400, -32020]);
  const decisions = await house.journal('decision');
  expect(decisions).toHaveLength(2);
});

it('a modern call repeats the arguments in headers that its tool wants there', async () => {
  const house = await scratch({ rules: allowAll });
  const fixture = path.join(root, 'test', 'fixtures', 'conformance-server.mjs');
  const args = [fixture, '--record', house.record];
  house.configure({ mcpServers: { fix: { command: process.execPath, args } } });
  const gate = await serveGate(house);
  const ask = (region: string) => {
    const headers = { 'mcp-param-region': region };
    return modernCall(gate, 'fix__test_x_mcp_header', { region: 'eu' }, undefined, headers);
  };
  await until('the tool', async () => pick((await ask('eu')).body, 'result') !== undefined);
  const wrong = await ask('us');
  expect([wrong.status, pick(wrong.body, 'error.code')]).toEqual([400, -32020]);
});

it('a token says who calls; sessions are for that caller alone', async () => {
  const house = await scratch({ rules: allowAll });
  const tokens = { alice: 'alice-0123456789abcdef', bob: 'bob-0123456789abcdef' };
  const gate = await serveGate(house, { tokens });
  const as = (token: string) => ({ authorization: `Bearer ${token}` });
  const nobody = await post(gate, { method: 'ping' });
  expect([nobody.status, nobody.headers.get('www-authenticate')]).toEqual([
    401,
    'Bearer realm="mcp-gate"',
  ]);
  expect((await post(gate, { method: 'ping' }, as('wrong-0123456789'))).status).toBe(401);
  const alice = await session(gate, as(tokens.alice));
  expect((await post(gate, call('raw__read'), alice)).status).toBe(200);
  expect((await post(gate, call('raw__read'), { ...alice, ...as(tokens.bob) })).status).toBe(404);
  const [decision] = await house.journal('decision');
  expect(JSON.stringify(decision)).toContain('alice');
  expect(JSON.stringify(await house.journal())).not.toContain(tokens.alice);
  expect(gate.log()).not.toContain('0123456789');
});

it('a modern client that goes away cancels its call, a legacy one does not', async () => {
  const house = await scratch({ rules: allowAll });
  const gate = await serveGate(house);
  const headers = await session(gate);
  const started = (count: number) =>
    until('the call at the server', () => house.executed().length === count);
  const legacy = new AbortController();
  const kept = post(gate, { ...call('raw__slow', { ms: 3000 }), id: 5 }, headers, legacy.signal);
  const keptFailed = expect(kept).rejects.toThrow();
  await started(1);
  legacy.abort();
  await keptFailed;
  const modern = new AbortController();
  const given = modernCall(gate, 'raw__slow', {}, modern.signal);
  const givenFailed = expect(given).rejects.toThrow();
  await started(2);
  modern.abort();
  await givenFailed;
  await until('the cancellation', () => cancellations(house) === 1);
  await house.untilJournal('what came of the other', (entries) =>
    entries.some(({ kind, body }) => kind === 'outcome' && pick(body, 'status') === 'executed'),
  );
  expect(cancellations(house)).toBe(1);
});

it('on SIGTERM calls in flight are answered, nobody else gets in, and nothing is left', async () => {
  const house = await scratch({ rules: allowAll });
  const gate = await serveGate(house);
  const slow = modernCall(gate, 'raw__slow', { ms: 2000 });
  await until('the call at the server', () => house.executed().length === 1);
  process.kill(gate.pid, 'SIGTERM');
  await until('a closed door', async () => {
    const refused = await post(gate, { method: 'ping' }).catch(() => undefined);
    return refused === undefined || refused.status === 503;
  });
  expect(textAt((await slow).body, 'result.content.0.text')).toBe('slow');
  await until('the end', () => gate.exitCode() !== null);
  expect(gate.exitCode()).toBe(0);
  expect(await house.leftovers(10_000)).toEqual([]);
});

it('a call that nobody answers in time is recorded as unknown', async () => {
  const house = await scratch({ rules: allowAll });
  const gate = await serveGate(house);
  const silent = modernCall(gate, 'raw__silent').catch(() => undefined);
  await until('the call at the server', () => house.executed().length === 1);
  process.kill(gate.pid, 'SIGTERM');
  await silent;
  await until('the end', () => gate.exitCode() !== null);
  const [outcome] = await house.journal('outcome');
  expect(textAt(outcome?.body, 'status')).toBe('unknown');
});

it('does not listen for everybody without tokens or issuers', async () => {
  const house = await scratch({ rules: allowAll });
  for (const host of ['0.0.0.0', '::', '192.0.2.1']) {
    const { code, stderr } = await serve(house, ['--host', host, '--port', '0']);
    expect(code).toBe(2);
    expect(stderr).toContain(`error: the gate would listen on "${host}" for everybody`);
    expect(stderr).toContain('hint: name tokens in "transport.http.tokens"');
  }
});

it.each([{ publicUrl: 'https://gate.example/mcp' }, { allowedHosts: ['gate.example'] }])(
  'nor through something in front of it: %j',
  async (http) => {
    const house = await scratch({ rules: allowAll });
    house.configure({ transport: { http } });
    const { code, stderr } = await serve(house, ['--port', '0']);
    expect(code).toBe(2);
    expect(stderr).toContain('the gate would listen on "gate.example" for everybody');
  },
);

it('says why it cannot listen', async () => {
  const house = await scratch({ rules: allowAll });
  const taken = net.createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    taken.close();
  });
  const address = taken.address();
  const port = typeof address === 'object' ? String(address?.port) : '';
  const busy = await serve(house, ['--port', port]);
  expect([busy.code, busy.stderr]).toEqual([2, expect.stringContaining(`port ${port}`)]);
  house.configure({ transport: { http: { tls: { cert: './none.pem', key: './none.pem' } } } });
  const tls = await serve(house, ['--port', '0']);
  expect([tls.code, tls.stderr]).toEqual([2, expect.stringContaining('transport.http.tls')]);
  const wrong = await serve(house, ['--port', '99999']);
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('0 to 65535')]);
  expect(await house.leftovers(10_000)).toEqual([]);
});

/** Runs `serve` to its end, which is near in these tests. */
function serve(house: Scratch, args: readonly string[]) {
  return house.cli(['serve', '--config', house.configFile, ...args]);
}
