import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { defaultLimits } from '../../src/upstream/limits.ts';
import { call, hello, rig, saidIn, scratchFolder, scripted, until } from './rig.ts';

const slowly = { backoffMs: () => 60_000 };

describe('a server that does not come up', () => {
  const rows = [
    {
      name: 'says that its command was not found',
      spec: { ...scripted('s'), command: 'mcp-gate-no-such-command' },
      reason: 'command "mcp-gate-no-such-command" not found',
    },
    {
      name: 'says that its folder was not found',
      spec: { ...scripted('s'), cwd: path.join(import.meta.dirname, 'no-such-folder') },
      reason: `folder "${path.join(import.meta.dirname, 'no-such-folder')}" not found`,
    },
    {
      name: 'says with which code it exited and what it printed last',
      spec: scripted('s', ['exit', 'no configuration file']),
      reason: 'exited with code 3: no configuration file',
    },
    {
      name: 'says only the first 200 characters of what it printed, and nothing that it was given to keep',
      spec: {
        ...scripted('s', ['exit', `key hunter2-hunter2 ${'x'.repeat(300)}`]),
        env: { KEY: 'hunter2-hunter2' },
      },
      reason: `exited with code 3: key … ${'x'.repeat(194)}`,
    },
    {
      name: 'says that it did not answer in time',
      spec: { ...scripted('s', ['silent']), initTimeoutMs: 100 },
      reason: 'did not answer "initialize" within 100 ms',
    },
    {
      name: 'says that it answered with an error',
      spec: scripted('s', ['error']),
      reason: '"initialize" was answered with an error: no licence',
    },
    {
      name: 'says that it speaks another protocol',
      spec: scripted('s', ['version']),
      reason: 'answered "initialize" with the unknown protocol version "1999-01-01"',
    },
  ];
  it.each(rows)('$name', async ({ spec, reason }) => {
    const { pool } = await rig([spec], { ...slowly, probeMs: 100 });
    expect(pool.status()).toEqual([
      {
        server: 's',
        transport: 'stdio',
        era: undefined,
        state: 'failed',
        reason,
        restarts: 0,
        tools: 0,
        withheld: [],
      },
    ]);
    expect(pool.connection('s')).toBeUndefined();
  });

  it('keeps nobody else from working', async () => {
    const broken = { ...scripted('broken'), command: 'mcp-gate-no-such-command' };
    const { pool, connection } = await rig([broken, scripted('works')], slowly);
    expect(pool.catalog.list('tools').map(({ server }) => server)).toEqual(['works']);
    expect(saidIn(await call(connection('works'), 'echo', { n: 1 }))).toEqual({ n: 1 });
    expect(pool.connections(undefined).map(({ server }) => server)).toEqual(['works']);
  });

  it('is started again and again, after longer and longer pauses', async () => {
    const attempts: number[] = [];
    const backoffMs = (attempt: number): number => {
      attempts.push(attempt);
      return 1;
    };
    const { pool } = await rig([scripted('s', ['exit', ''])], { backoffMs });
    await until('third restart', () => (pool.status()[0]?.restarts ?? 0) >= 3);
    expect(attempts.slice(0, 3)).toEqual([1, 2, 3]);
  });
});

describe('a server that comes up', () => {
  it('is greeted with exactly what the client said, again after a restart', async () => {
    const { pool, connection } = await rig([scripted('s')]);
    const { era: _, ...said } = hello;
    expect(saidIn(await call(connection('s'), 'hello'))).toEqual(said);
    expect(connection('s').capabilities).toEqual({ tools: { listChanged: true } });
    await call(connection('s'), 'abort');
    await until('restart', () => pool.connection('s'));
    expect(saidIn(await call(connection('s'), 'hello'))).toEqual(said);
  });

  it('may take its time', async () => {
    const { pool } = await rig([scripted('s', ['slow', '300'])]);
    expect(pool.status()[0]).toMatchObject({ state: 'ready', reason: undefined, tools: 1 });
  });

  it('may print what is no message, on both streams', async () => {
    const { pool, logged } = await rig([scripted('s', ['chatty'])]);
    expect(pool.status()[0]).toMatchObject({ state: 'ready', tools: 1, restarts: 0 });
    expect(logged).toEqual([]);
  });

  it('loses its tools when it dies and has them again after a restart', async () => {
    const { pool, connection, listChanges } = await rig([scripted('s')]);
    expect(pool.catalog.tool('s__echo')?.name).toBe('echo');
    const dying = call(connection('s'), 'exit', { code: 9 });
    expect(await dying).toEqual({ kind: 'lost', reason: 'exited with code 9' });
    expect(pool.catalog.tool('s__echo')).toBeUndefined();
    expect(pool.status()[0]).toMatchObject({ state: 'failed', reason: 'exited with code 9' });
    await until('tools', () => pool.catalog.tool('s__echo'));
    expect(pool.status()[0]).toMatchObject({ state: 'ready', reason: undefined, restarts: 1 });
    expect(listChanges).toEqual(['tools', 'tools', 'tools']);
    expect(saidIn(await call(connection('s'), 'echo', { n: 1 }))).toEqual({ n: 1 });
  });

  it('starts the back-off anew when it was well for long enough', async () => {
    const attempts: number[] = [];
    const backoffMs = (attempt: number): number => {
      attempts.push(attempt);
      return 1;
    };
    const { pool, connection } = await rig([scripted('s')], { backoffMs, healthyMs: 0 });
    for (const restarts of [1, 2]) {
      await call(connection('s'), 'abort');
      await until('restart', () => pool.status()[0]?.restarts === restarts && pool.connection('s'));
    }
    expect(attempts).toEqual([1, 1]);
  });

  it('is one process for each restart and none after the end', async () => {
    const record = path.join(scratchFolder(), 'starts');
    const { pool, connection } = await rig([scripted('s', ['record', record])]);
    await call(connection('s'), 'abort');
    await until('restart', () => pool.connection('s'));
    await pool.close();
    expect(readFileSync(record, 'utf8').trim().split('\n')).toHaveLength(2);
  });

  it('tells whoever shows the status', async () => {
    const { pool, connection } = await rig([scripted('s')]);
    const seen: unknown[] = [];
    pool.onChange(() => seen.push(pool.status()[0]?.state));
    await call(connection('s'), 'abort');
    await until('restart', () => pool.connection('s'));
    expect(seen.slice(0, 3)).toEqual(['failed', 'starting', 'ready']);
  });
});

it('the pauses double from one second to one minute, with up to a fifth of chance', () => {
  const pauses = [1, 2, 3, 4, 5, 6, 7, 8, 50].map(defaultLimits.backoffMs);
  [1, 2, 4, 8, 16, 32, 60, 60, 60].forEach((seconds, index) => {
    expect(pauses[index]).toBeLessThanOrEqual(seconds * 1000);
    expect(pauses[index]).toBeGreaterThanOrEqual(seconds * 800);
  });
});
