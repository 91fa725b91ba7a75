import path from 'node:path';
import { expect, it } from 'vitest';
import { pick } from '../harness/message.ts';
import { allowAll, root, scratch } from '../harness/scratch.ts';
import { modernRequest, openRawSession, post } from '../peers/raw-http.ts';
import { serveGate } from '../peers/serve-gate.ts';

const fixture = path.join(root, 'test', 'fixtures', 'conformance-server.mjs');

it('clients that went away without a word take nothing from the next one', async () => {
  const house = await scratch({ rules: allowAll });
  house.configure({ mcpServers: { near: { command: process.execPath, args: [fixture] } } });
  const { origin } = await serveGate(house);
  const url = `${origin}/mcp`;
  const list = { id: 1, method: 'tools/list', params: {} };
  // More than the pools of servers that one caller may have.
  for (let count = 0; count < 40; count += 1) {
    await post(url, list, { headers: await openRawSession(url) });
  }
  const headers = await openRawSession(url);
  const legacy = await post(url, list, { headers });
  expect(pick(legacy.message, 'result.tools.0.name')).toBe('near__test_simple_text');
  const modern = await modernRequest(url, 'tools/list', {});
  expect(pick(modern.message, 'result.tools.0.name')).toBe('near__test_simple_text');
});
