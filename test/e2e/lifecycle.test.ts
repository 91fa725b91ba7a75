import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { listAt, pick, textAt } from '../harness/message.ts';
import { processesNaming } from '../harness/processes.ts';
import { allowAll, root, scratch, serverFile } from '../harness/scratch.ts';
import { until } from '../harness/until.ts';

describe('when the gate ends, every server it started ends', () => {
  const ends: readonly (readonly [claim: string, end: 'input' | NodeJS.Signals])[] = [
    ['because the client closes its end', 'input'],
    ['on SIGTERM', 'SIGTERM'],
    ['on SIGINT', 'SIGINT'],
    ['on SIGKILL, which it cannot see coming', 'SIGKILL'],
  ];
  it.each(ends)('%s', async (_claim, end) => {
    const house = await scratch({ rules: allowAll });
    const stubborn = path.join(root, 'test', 'fixtures', 'raw-stubborn.mjs');
    const shell = `"${process.execPath}" "${stubborn}" "${house.dir}/grandchild"; true`;
    const everything = [serverFile('everything'), 'stdio', house.dir];
    house.configure({
      mcpServers: {
        raw: house.raw(),
        everything: { command: process.execPath, args: everything },
        stubborn: { command: process.execPath, args: [stubborn, house.dir] },
        wrapped: { command: 'sh', args: ['-c', shell] },
      },
    });
    const client = await house.open();
    await client.request('tools/call', { name: 'raw__read', arguments: {} });
    expect(processesNaming(`${house.dir}/grandchild`).length).toBeGreaterThan(0);
    if (end === 'input') client.endInput();
    else client.kill(end);
    await until('the end of the gate', () => !client.running);
    const exit = await client.exited;
    if (end !== 'SIGKILL') expect(exit).toEqual({ code: 0, signal: null });
    expect(await house.leftovers(10_000)).toEqual([]);
  });
});

it('answers initialize and ping before any server has started', async () => {
  const slow =
    "setTimeout(() => {}, 60000); process.stdin.on('end', () => process.exit(0)).resume();";
  const house = await scratch({ rules: allowAll });
  house.configure({
    mcpServers: { slow: { command: process.execPath, args: ['-e', slow, house.dir] } },
  });
  const client = house.start();
  const hello = await client.initialize();
  expect(textAt(hello, 'result.protocolVersion')).toBe('2025-11-25');
  expect(pick(await client.request('ping'), 'result')).toEqual({});
});

it.each(['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'])('speaks %s', async (version) => {
  const house = await scratch({ rules: allowAll });
  const client = house.start();
  const hello = await client.initialize({}, version);
  expect(textAt(hello, 'result.protocolVersion')).toBe(version);
  const answer = await client.request('tools/call', { name: 'raw__read', arguments: {} });
  expect(textAt(answer, 'result.content.0.text')).toBe('read');
});

it('answers a server/discover probe at once, and initialize all the same', async () => {
  const house = await scratch({ rules: allowAll });
  const client = house.start();
  const probe = await client.request('server/discover', {
    _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
    },
  });
  expect(pick(probe, 'result.supportedVersions')).toContain('2026-07-28');
  expect(textAt(await client.initialize(), 'result.protocolVersion')).toBe('2025-11-25');
});

it('a server that dies loses its tools, comes back by itself, and leaves the others alone', async () => {
  const house = await scratch({ rules: allowAll });
  house.configure({
    mcpServers: {
      raw: house.raw(),
      memory: {
        command: process.execPath,
        args: [serverFile('memory'), house.dir],
        env: { MEMORY_FILE_PATH: `${house.dir}/memory.jsonl` },
      },
    },
  });
  const client = await house.open();
  await client.request('tools/call', { name: 'raw__crash', arguments: {} });
  const graph = await client.request('tools/call', { name: 'memory__read_graph', arguments: {} });
  expect(pick(graph, 'result.isError')).not.toBe(true);
  await until('the tool again', async () => {
    const answer = await client.request('tools/call', { name: 'raw__read', arguments: {} });
    return pick(answer, 'result.content.0.text') === 'read';
  });
});

it('a tool whose definition changes is decided as changed until somebody accepts it', async () => {
  const house = await scratch({ config: { approvals: { hold: { default: '1s' } } } });
  house.configure({ mcpServers: { raw: house.raw({ trusted: true }) } });
  const approver = await house.approver();
  const client = await house.open();
  const read = async (): Promise<string> => {
    const answer = await client.request('tools/call', { name: 'raw__read', arguments: {} });
    return textAt(answer, 'result.content.0.text');
  };
  expect(await read()).toBe('read');
  const change = client.start('tools/call', { name: 'raw__change', arguments: {} });
  const [asked] = await house.pending();
  await house.cli(['approve', textAt(asked, 'id')], approver);
  await client.response(change);
  await until('the question', async () => /^PENDING APPROVAL/.test(await read()));
  const [held] = await house.pending();
  expect(held).toMatchObject({
    tool: 'read',
    reason: 'tool definition changed since it was accepted',
  });
  const config = ['--config', house.configFile];
  const changed = listAt(await house.read(['pins', 'list', '--changed', ...config]), '');
  expect(changed.map((pin) => pick(pin, 'tool'))).toContain('read');
  expect((await house.cli(['pins', 'accept', 'raw', ...config])).code).not.toBe(0);
  const accepted = await house.cli(['pins', 'accept', 'raw', ...config], approver);
  expect(accepted.code, accepted.stderr).toBe(0);
  await until('the tool as accepted', async () => (await read()) === 'read');
  expect((await house.journal('pin.changed')).length).toBeGreaterThan(0);
  expect((await house.journal('pin.accepted')).length).toBeGreaterThan(0);
});
