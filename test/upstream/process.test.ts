import { describe, expect, it, onTestFinished } from 'vitest';
import type { Connection } from '../../src/upstream/contract.ts';
import { serverEnvironment } from '../../src/upstream/environment.ts';
import { call, isRunning, rig, saidIn, scratchFolder, scripted, until } from './rig.ts';

const posixOnly = it.runIf(process.platform !== 'win32');

describe('the environment of a server', () => {
  const secret = { AWS_SECRET_ACCESS_KEY: 'x', NODE_OPTIONS: '--inspect', MCP_GATE_HOME: '/s' };
  const rows = [
    {
      name: 'on posix has the names that programs need and no others',
      platform: 'linux',
      variables: {
        HOME: '/h',
        PATH: '/bin',
        LC_ALL: 'C',
        LANG: 'C',
        TZ: 'UTC',
        TMPDIR: '/t',
        ...secret,
      },
      expected: { HOME: '/h', PATH: '/bin', LC_ALL: 'C', LANG: 'C', TZ: 'UTC', TMPDIR: '/t' },
    },
    {
      name: 'on windows has the names that programs need, in whatever case',
      platform: 'win32',
      variables: { Path: 'C:\\\\', SystemRoot: 'C:\\\\W', appdata: 'A', HOME: 'h', ...secret },
      expected: { Path: 'C:\\\\', SystemRoot: 'C:\\\\W', appdata: 'A' },
    },
    {
      name: 'has no shell functions',
      platform: 'linux',
      variables: { TERM: '() { :; }; id', SHELL: '/bin/sh' },
      expected: { SHELL: '/bin/sh' },
    },
    {
      name: 'has what is configured, over what is inherited',
      platform: 'linux',
      configured: { TOKEN: 't', PATH: '/opt' },
      variables: { PATH: '/bin', USER: 'u', TOKEN: 'other' },
      expected: { PATH: '/opt', USER: 'u', TOKEN: 't' },
    },
  ] as const;
  it.each(rows)('$name', (row) => {
    const configured = 'configured' in row ? row.configured : {};
    const { variables, platform } = row;
    expect(serverEnvironment(configured, { variables, platform })).toEqual(row.expected);
  });

  it('reaches the process, with its folder', async () => {
    const cwd = scratchFolder();
    process.env['GATE_TEST_SECRET'] = 'leaked';
    onTestFinished(() => {
      delete process.env['GATE_TEST_SECRET'];
    });
    const { connection } = await rig([{ ...scripted('s'), cwd, env: { OWN: '1' } }]);
    const said = saidIn(await call(connection('s'), 'environment'));
    expect(said).toMatchObject({ cwd, environment: { OWN: '1', PATH: process.env['PATH'] } });
    expect(JSON.stringify(said)).not.toContain('leaked');
  });
});

describe('the end of a server', () => {
  posixOnly('takes with it what it has started, even against its will', async () => {
    const { connection, pool } = await rig([scripted('s')]);
    const pids = await childOf(connection('s'));
    expect(pids.map(isRunning)).toEqual([true, true]);
    await pool.close();
    expect(pids.map(isRunning)).toEqual([false, false]);
  });

  posixOnly('comes for one that stays after its stdin has ended', async () => {
    const { connection, pool } = await rig([scripted('s', ['linger'])]);
    const pid = numberIn(saidIn(await call(connection('s'), 'environment')), 'pid');
    expect(isRunning(pid)).toBe(true);
    await pool.close();
    expect(isRunning(pid)).toBe(false);
  });

  posixOnly('leaves nothing behind of one that died by itself', async () => {
    const { connection, pool } = await rig([scripted('s')]);
    const [, child] = await childOf(connection('s'));
    await call(connection('s'), 'abort');
    await until('restart', () => pool.status()[0]?.restarts === 1 && pool.connection('s'));
    expect(isRunning(child)).toBe(false);
  });

  it('is the same however often it is asked for', async () => {
    const { pool } = await rig([scripted('s')]);
    expect(pool.close()).toBe(pool.close());
    await pool.close();
    expect(pool.status()[0]?.state).toBe('stopped');
    expect(pool.connection('s')).toBeUndefined();
    expect(pool.catalog.list('tools')).toEqual([]);
  });
});

/** The process ids of a server and of one that it started; both ignore SIGTERM or have one that does. */
async function childOf(connection: Connection): Promise<readonly [number, number]> {
  const said = saidIn(await call(connection, 'child'));
  return [numberIn(said, 'server'), numberIn(said, 'child')];
}

function numberIn(value: unknown, member: string): number {
  return Number(JSON.parse(JSON.stringify(value))[member]);
}
