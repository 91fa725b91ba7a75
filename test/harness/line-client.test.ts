import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { LineClient } from './line-client.ts';
import { differences, pick, textAt, withoutMarks } from './message.ts';
import { readLines, root } from './scratch.ts';
import { ask, call, deviations, list, transcript } from './transcript.ts';

function raw(): { client: LineClient; record: string } {
  const dir = mkdtempSync(path.join(tmpdir(), 'mcp-gate-raw-'));
  const record = path.join(dir, 'record.jsonl');
  const fixture = path.join(root, 'test', 'fixtures', 'raw-everything.mjs');
  const client = new LineClient(process.execPath, [fixture, record]);
  onTestFinished(async () => {
    await client.close();
    rmSync(dir, { recursive: true });
  });
  return { client, record };
}

it('sees sixty progress notifications and the result of the raw server in one chunk', async () => {
  const { client } = raw();
  await client.initialize();
  const answer = await client.request('tools/call', {
    name: 'progress',
    arguments: {},
    _meta: { progressToken: 'p' },
  });
  const chunks = client.arrivals
    .filter(({ message }) => message.id === answer.id || message.method !== undefined)
    .map(({ chunk }) => chunk);
  expect(chunks.length).toBe(61);
  expect(new Set(chunks).size).toBe(1);
});

it('answers what the raw server asks, and the server counts what it ran', async () => {
  const { client, record } = raw();
  client.onRequest(({ method }) => ({ result: { method } }));
  await client.initialize();
  const asked = await client.request('tools/call', {
    name: 'ask',
    arguments: { method: 'roots/list', params: {} },
  });
  expect(JSON.parse(textAt(asked, 'result.content.0.text'))).toEqual({
    result: { method: 'roots/list' },
  });
  await client.request('tools/call', { name: 'count', arguments: { a: 1 } });
  expect(readLines(record)).toEqual(['{"tool":"count","arguments":{"a":1}}']);
});

it('says when the process ends before the answer', async () => {
  const { client } = raw();
  await client.initialize();
  await expect(client.request('tools/call', { name: 'crash', arguments: {} })).rejects.toThrow(
    'the process ended before the response to 2',
  );
});

it('finds one changed member in a whole transcript', async () => {
  const steps = [
    list('tools/list', 'tools'),
    ask('resources/read', { uri: 'raw://a' }),
    call('blocks'),
  ];
  const sides = [raw().client, raw().client];
  const [one, other] = await Promise.all(
    sides.map(async (client) => {
      await client.initialize();
      return await transcript({ client, prefix: '' }, steps);
    }),
  );
  if (one === undefined || other === undefined) throw new Error('no transcripts');
  expect(deviations(one, one, other)).toEqual([]);
  expect(pick(other, 'tools/list.0.x-unknown.deep.2.é')).toBe('🜁');
  const changed = JSON.parse(JSON.stringify(other).replace('"x-icon":1', '"x-icon":2'));
  expect(deviations(one, one, changed)).toEqual(['/tools/list/0/icons/0/x-icon: 1 ≠ 2']);
});

it.each([
  ['a mark of the gate', { _meta: { 'dev.mcp-gate/decision': {} }, a: 1 }, { a: 1 }],
  ['a mark beside others', { _meta: { 'dev.mcp-gate/decision': {}, b: 1 } }, { _meta: { b: 1 } }],
  ['an empty _meta of the server', { _meta: {} }, { _meta: {} }],
])('leaves out %s', (_name, value, expected) => {
  expect(differences(withoutMarks(value), expected)).toEqual([]);
});
