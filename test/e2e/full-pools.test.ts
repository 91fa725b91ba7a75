import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, it } from 'vitest';
import { pick, textAt } from '../harness/message.ts';
import { allowAll, root, scratch } from '../harness/scratch.ts';
import { until } from '../harness/until.ts';
import { type ServedGate, serveGate } from '../peers/serve-gate.ts';

const tokens = { alice: 'alice-0123456789abcdef', bob: 'bob-0123456789abcdef' };
const usual = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
};

async function post({ origin }: ServedGate, message: object, headers: Record<string, string>) {
  const response = await fetch(`${origin}/mcp`, {
    method: 'POST',
    headers: { ...usual, ...headers },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, ...message }),
  });
  const text = await response.text();
  const body: unknown = text === '' ? undefined : JSON.parse(text);
  return { status: response.status, headers: response.headers, body };
}

/** A session whose client can be asked: it has servers of its own. */
async function session(gate: ServedGate, caller: keyof typeof tokens) {
  const capabilities = { elicitation: {} };
  const params = { protocolVersion: '2025-11-25', capabilities, clientInfo: { name: 'e2e' } };
  const headers = { authorization: `Bearer ${tokens[caller]}` };
  const hello = await post(gate, { method: 'initialize', params }, headers);
  expect(hello.status).toBe(200);
  return { ...headers, 'mcp-session-id': hello.headers.get('mcp-session-id') ?? '' };
}

it('who takes all servers that it may leaves some to others, is told the limit, and gets its own when it can', async () => {
  const house = await scratch({ rules: allowAll });
  const limits = { pools: 4, poolsReserved: 1 };
  const gate = await serveGate(house, { tokens, limits });
  const list = (headers: Record<string, string>) => post(gate, { method: 'tools/list' }, headers);
  const call = (headers: Record<string, string>) =>
    post(gate, { method: 'tools/call', params: { name: 'raw__read', arguments: {} } }, headers);

  const greedy = [];
  for (let count = 0; count < 4; count += 1) greedy.push(await session(gate, 'alice'));
  const lists = await Promise.all(greedy.map(list));
  expect(lists.map(({ status }) => status)).toEqual([200, 200, 200, 503]);
  const last = greedy[3] ?? {};
  for (const refused of [await list(last), await call(last)]) {
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
    expect(pick(refused.body, 'error.code')).toBe(4503);
    expect(textAt(refused.body, 'error.message')).toBe(
      'there is no room for the servers of another client: the gate starts them for at most 4 at a time ' +
        '("transport.http.limits.pools"), 1 of them for callers who have none; try again later',
    );
  }
  expect(await house.journal('decision')).toEqual([]);

  expect(textAt((await call(await session(gate, 'bob'))).body, 'result.content.0.text')).toBe(
    'read',
  );
  // Two have to go: with one of another caller, three would again be in use.
  for (const headers of greedy.slice(0, 2)) {
    await fetch(`${gate.origin}/mcp`, { method: 'DELETE', headers });
  }
  await until('room', async () => (await list(last)).status === 200);
  expect(textAt((await call(last)).body, 'result.content.0.text')).toBe('read');
});

it('npm run scale measures sessions of every kind, and finds each call in the journal', () => {
  const script = path.join(root, 'test', 'soak', 'scale.mjs');
  const few = ['--sessions', '12', '--asking', '2', '--callers', '2', '--upstreams', '2'];
  const { stdout, status } = spawnSync(
    process.execPath,
    [script, ...few, '--seconds', '2', '--rate', '40'],
    { encoding: 'utf8' },
  );
  expect(stdout).toMatch(/12 sessions open after/);
  expect(stdout).toMatch(/ 0 errors\n/);
  expect(stdout).toMatch(/of [1-9]\d* answered calls 0 without a decision, 0 without an outcome/);
  expect(stdout).toMatch(/scale: good\n$/);
  expect(status).toBe(0);
});
