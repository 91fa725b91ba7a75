import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Answer } from '../../src/core/answer.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { Lifetime } from '../../src/core/lifetime.ts';
import type { FarMessage } from '../../src/core/related.ts';
import type { ClientHello, Membership, UpstreamPools } from '../../src/upstream/contract.ts';
import { PinBudget } from '../../src/upstream/pin-budget.ts';
import { createPinBook } from '../../src/upstream/pins.ts';
import { PoolMembers } from '../../src/upstream/pool-members.ts';
import { createRefusedPool } from '../../src/upstream/pool-refused.ts';
import { mergedStatus } from '../../src/upstream/pool-status.ts';
import { createPools, type PoolsOptions } from '../../src/upstream/pools.ts';
import {
  call,
  hello,
  isRunning,
  saidIn,
  scratchFolder,
  scratchStore,
  scripted,
  until,
} from './rig.ts';

interface Client extends Membership {
  readonly asked: { request: FarMessage; reply: (answer: Answer) => void }[];
  readonly told: FarMessage[];
  readonly changed: string[];
}

interface JoinOptions {
  readonly scope?: string;
  readonly alone?: boolean;
  readonly hello?: Partial<ClientHello>;
}

function open(options: Partial<PoolsOptions> = {}) {
  const logged: string[] = [];
  const note = (fields: object, message: string): void => {
    logged.push(`${message} ${JSON.stringify(fields)}`);
  };
  const pools = createPools({
    servers: [scripted('s')],
    pins: createPinBook(scratchStore(), 'gate', systemClock, new PinBudget(2_000)),
    clock: systemClock,
    log: { debug: () => {}, info: note, warn: note },
    idleMs: 60_000,
    limits: { backoffMs: () => 20, relistPauseMs: 20, closeMs: 300, terminateMs: 300 },
    ...options,
  });
  onTestFinished(() => pools.close());
  return { pools, logged };
}

function join(pools: UpstreamPools, { scope = 'a', alone = false, ...rest }: JoinOptions = {}) {
  const [asked, told, changed]: [Client['asked'], FarMessage[], string[]] = [[], [], []];
  const membership = pools.join({
    hello: { ...hello, ...rest.hello },
    scope,
    alone,
    events: {
      onRequest: (_, request, _lifetime, reply) => asked.push({ request, reply }),
      onNotification: (_, notification) => told.push(notification),
      onListChanged: (kind) => changed.push(kind),
    },
  });
  return { ...membership, asked, told, changed };
}

function connection({ pool }: Membership) {
  const found = pool.connection('s');
  if (found === undefined) throw new Error('no session');
  return found;
}

async function ask(client: Membership, tool: string, args: JsonObject = {}): Promise<JsonObject> {
  await client.pool.catalog.settled(15_000);
  return JSON.parse(JSON.stringify(saidIn(await call(connection(client), tool, args))));
}

async function pidOf(client: Membership): Promise<number> {
  return Number((await ask(client, 'environment'))['pid']);
}

describe('clients share the servers of one pool', () => {
  const rows: readonly { name: string; first: JoinOptions; second: JoinOptions; same: boolean }[] =
    [
      { name: 'when all that counts is the same', first: {}, second: {}, same: true },
      {
        name: 'however the client orders and names itself',
        first: { hello: { capabilities: { a: {}, b: {} } } },
        second: { hello: { capabilities: { b: {}, a: {} }, clientInfo: { name: 'other' } } },
        same: true,
      },
      {
        name: 'but not of somebody else',
        first: { scope: 'token:a' },
        second: { scope: 'token:b' },
        same: false,
      },
      {
        name: 'but not with other capabilities',
        first: {},
        second: { hello: { capabilities: { sampling: {} } } },
        same: false,
      },
      { name: 'but not when one is alone', first: {}, second: { alone: true }, same: false },
      {
        name: 'but not when both are alone',
        first: { alone: true },
        second: { alone: true },
        same: false,
      },
      {
        name: 'but not with capabilities that have no canonical form',
        first: { hello: { capabilities: { 'x\ud800': {} } } },
        second: { hello: { capabilities: { 'x\ud800': {} } } },
        same: false,
      },
    ];
  it.each(rows)('$name', async ({ first, second, same }) => {
    const { pools } = open();
    const [one, other] = [join(pools, first), join(pools, second)];
    const pids = [await pidOf(one), await pidOf(other)];
    expect(new Set(pids).size).toBe(same ? 1 : 2);
  });

  it('but not over the line between the eras', () => {
    const { pools } = open({ maxPools: 1 });
    join(pools);
    const modern = join(pools, { hello: { era: 'modern' } });
    expect(modern.pool.status()[0]?.state).toBe('failed');
  });
});

describe('a pool', () => {
  it('opens with what its first client said', async () => {
    const { pools } = open();
    const first = join(pools, { hello: { clientInfo: { name: 'first', version: '1' } } });
    join(pools, { hello: { clientInfo: { name: 'second', version: '2' } } });
    expect(await ask(first, 'hello')).toMatchObject({ clientInfo: { name: 'first' } });
  });

  it('compiles no schema that another pool has compiled', async () => {
    const { pools } = open();
    const [one, other] = [join(pools, { alone: true }), join(pools, { alone: true })];
    await Promise.all([one, other].map(({ pool }) => pool.catalog.settled(15_000)));
    const [first, second] = [one, other].map(({ pool }) => pool.catalog.tool('s__echo'));
    expect(first).toBeDefined();
    expect(first).not.toBe(second);
    expect(first?.fault).toBe(second?.fault);
  });

  it('that was started beforehand is the one of the first client, and of nobody else', async () => {
    const record = path.join(scratchFolder(), 'starts');
    const { pools } = open({ servers: [scripted('s', ['record', record])] });
    pools.warm();
    pools.warm();
    const early = await until('process', () => pidsIn(record)[0]);
    expect(await pidOf(join(pools, { scope: 'token:a', alone: true }))).toBe(early);
    expect(await pidOf(join(pools, { scope: 'token:b' }))).not.toBe(early);
    pools.warm();
    expect(pools.status()).toHaveLength(1);
    expect(pidsIn(record)).toHaveLength(2);
  });

  it('is neither opened nor closed by a member', async () => {
    const { pools } = open();
    const [one, other] = [join(pools), join(pools)];
    const pid = await pidOf(one);
    await one.pool.close();
    one.leave();
    one.leave();
    expect(await pidOf(other)).toBe(pid);
  });

  it('is there again for a client that comes back in time', async () => {
    const { pools } = open({ idleMs: 60_000 });
    const first = join(pools);
    const pid = await pidOf(first);
    first.leave();
    expect(await pidOf(join(pools))).toBe(pid);
  });

  it('that nobody uses is closed after a while, and a client that comes then gets a new one', async () => {
    const { pools } = open({ idleMs: 30 });
    const first = join(pools);
    const pid = await pidOf(first);
    const second = join(pools);
    first.leave();
    expect(await pidOf(second)).toBe(pid);
    second.leave();
    await until('end of the process', () => !isRunning(pid));
    expect(pools.status()).toEqual([
      {
        server: 's',
        state: 'stopped',
        transport: 'stdio',
        era: undefined,
        reason: 'starts when a client needs it',
        restarts: 0,
        tools: 0,
        withheld: [],
      },
    ]);
    expect(await pidOf(join(pools))).not.toBe(pid);
  });

  it('that is used again stays, though its time was running', async () => {
    const { pools } = open({ idleMs: 50 });
    const first = join(pools);
    const pid = await pidOf(first);
    first.leave();
    const again = join(pools);
    await sleep(150);
    expect(await pidOf(again)).toBe(pid);
  });

  it('of one client alone is closed as soon as it has left', async () => {
    const { pools } = open({ idleMs: 60_000 });
    const client = join(pools, { alone: true });
    const pid = await pidOf(client);
    client.leave();
    await until('end of the process', () => !isRunning(pid));
  });
});

describe('what servers start by themselves', () => {
  it('reaches every member: changes of lists and notifications', async () => {
    const { pools } = open();
    const [one, other, gone] = [join(pools), join(pools), join(pools)];
    await one.pool.catalog.settled(15_000);
    gone.leave();
    const before = gone.changed.length;
    const list = [{ name: 'echo', inputSchema: { type: 'object' } }, { name: 'new' }];
    const tools = list.map((tool) => ({ inputSchema: { type: 'object' }, ...tool }));
    await ask(one, 'set_tools', { list: tools });
    await until('new tool', () => one.pool.catalog.tool('s__new'));
    await ask(one, 'raw', {
      lines: [
        '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1}}',
        '{"jsonrpc":"2.0","id":$ID,"result":{"content":[{"type":"text","text":"1"}]}}',
      ],
    });
    expect(one.changed).toEqual(['tools', 'tools']);
    expect(other.changed).toEqual(['tools', 'tools']);
    expect(gone.changed).toHaveLength(before);
    for (const { told } of [one, other]) {
      expect(told.map(({ method }) => method)).toEqual(['notifications/message']);
    }
    expect(gone.told).toEqual([]);
  });

  it('is asked of the only member', async () => {
    const { pools } = open();
    const [one, gone] = [join(pools), join(pools)];
    gone.leave();
    await one.pool.catalog.settled(15_000);
    const answer = ask(one, 'ask', { method: 'roots/list', params: {} });
    const { request, reply } = await until('request', () => one.asked[0]);
    expect(request.method).toBe('roots/list');
    reply({ kind: 'made', result: { roots: [] } });
    expect(await answer).toEqual({ roots: [] });
    expect(gone.asked).toEqual([]);
  });

  it('is asked of nobody when there are several members', async () => {
    const { pools } = open();
    const [one, other] = [join(pools), join(pools)];
    const answer = await ask(one, 'ask', { method: 'roots/list', params: {} });
    expect(answer).toEqual({
      code: 4503,
      message: 'several clients share this server: nobody was asked',
    });
    expect([...one.asked, ...other.asked]).toEqual([]);
  });

  it('is refused when nobody is there', () => {
    const answers: Answer[] = [];
    const request = { method: 'roots/list', params: undefined, extras: undefined };
    new PoolMembers().events.onRequest('s', request, new Lifetime(), (each) => answers.push(each));
    const message = 'no client is there: nobody was asked';
    expect(answers).toEqual([{ kind: 'refused', error: { code: 4503, message } }]);
  });

  it('is a change of state for whoever shows one, as long as it is a member', async () => {
    const { pools } = open();
    const [one, gone] = [join(pools), join(pools)];
    await one.pool.catalog.settled(15_000);
    const heard: string[] = [];
    pools.onChange(() => heard.push('pools'));
    one.pool.onChange(() => heard.push('one'));
    gone.pool.onChange(() => heard.push('gone'));
    gone.leave();
    await call(connection(one), 'abort');
    await until('restart', () => one.pool.connection('s'));
    expect(new Set(heard)).toEqual(new Set(['pools', 'one']));
    expect(pools.status()).toMatchObject([{ server: 's', state: 'ready', restarts: 1 }]);
  });
});

describe('the limit of pools', () => {
  const failed = {
    server: 's',
    state: 'failed',
    transport: 'stdio',
    era: undefined,
    reason: expect.stringContaining('there is no room for the servers of another client'),
    restarts: 0,
    tools: 0,
    withheld: [],
  };

  it('gives a client beyond it a pool in which every server has failed, and says so once', async () => {
    const { pools, logged } = open({ maxPools: 1 });
    const first = join(pools);
    const pid = await pidOf(first);
    const second = join(pools, { scope: 'b' });
    expect(second.pool.status()).toEqual([failed]);
    await second.pool.catalog.settled(15_000);
    expect(second.pool.catalog.list('tools')).toEqual([]);
    expect(second.pool.connection('s')).toBeUndefined();
    second.leave();
    join(pools, { scope: 'c' });
    expect(logged.filter((line) => line.startsWith('no more clients'))).toHaveLength(1);
    expect(await pidOf(first)).toBe(pid);
    expect(await pidOf(join(pools))).toBe(pid);
  });

  it('makes the pool go that was unused for longest, never one in use', async () => {
    const { pools } = open({ maxPools: 3 });
    const used = join(pools, { scope: 'used' });
    const older = join(pools, { scope: 'older' });
    const newer = join(pools, { scope: 'newer' });
    const pids = [await pidOf(used), await pidOf(older), await pidOf(newer)];
    older.leave();
    newer.leave();
    expect(join(pools, { scope: 'fourth' }).pool.status()[0]?.state).not.toBe('failed');
    await until('end of the oldest', () => !isRunning(pids[1] ?? 0));
    expect(await pidOf(used)).toBe(pids[0]);
    expect(await pidOf(join(pools, { scope: 'newer' }))).toBe(pids[2]);
  });

  it('is smaller for one caller, so that others find room', () => {
    const { pools } = open({ maxPools: 3, maxPoolsPerScope: 1 });
    join(pools, { scope: 'greedy' });
    const greedy = join(pools, { scope: 'greedy', hello: { capabilities: {} } });
    expect(greedy.pool.status()).toEqual([failed]);
    expect(join(pools, { scope: 'other' }).pool.status()).not.toEqual([failed]);
  });

  it('does not keep a client that stays from its servers once somebody has left, in the order of their coming', async () => {
    const { pools } = open({ maxPools: 1 });
    const first = join(pools, { scope: 'first', alone: true });
    const [second, third] = [join(pools, { scope: 'second' }), join(pools, { scope: 'third' })];
    expect(first.obstacle()).toBeUndefined();
    expect(second.obstacle()).toMatchObject({
      limit: { name: 'transport.http.limits.pools', most: 1 },
    });
    expect(third.obstacle()).toMatchObject({ retryAfterS: 5 });
    await pidOf(first);
    first.leave();
    await until('servers of the second', () => second.pool.connection('s'));
    expect(second.changed).toEqual(expect.arrayContaining(['tools', 'resources', 'prompts']));
    expect(await ask(second, 'echo', { text: 'here' })).toEqual({ text: 'here' });
    expect(second.obstacle()).toBeUndefined();
    expect(third.obstacle()).toBeDefined();
    expect(third.changed).toEqual([]);
  });

  it('is left to whoever asks again, by a client of the modern era', async () => {
    const { pools } = open({ maxPools: 1 });
    const first = join(pools, { scope: 'first', alone: true });
    const modern = join(pools, { scope: 'second', hello: { era: 'modern' } });
    expect(modern.obstacle()).toBeDefined();
    const pid = await pidOf(first);
    first.leave();
    await until('end of the process', () => !isRunning(pid));
    await until('room', () => modern.obstacle() === undefined);
    await until('servers', () => modern.pool.connection('s'));
  });

  it('does not count a client that left before there was room', async () => {
    const { pools } = open({ maxPools: 1 });
    const first = join(pools, { scope: 'first', alone: true });
    const second = join(pools, { scope: 'second' });
    second.leave();
    const third = join(pools, { scope: 'third' });
    first.leave();
    await until('servers of the third', () => third.pool.connection('s'));
    expect(second.pool.connection('s')).toBeUndefined();
    expect(second.obstacle()).toMatchObject({ reason: 'the gate is stopping' });
  });

  it('keeps the reserved ones from callers that have one, and gives them to those that have none', async () => {
    const { pools } = open({ maxPools: 4, reservedPools: 1 });
    const greedy = [1, 2, 3, 4].map(() => join(pools, { scope: 'greedy', alone: true }));
    expect(greedy.map((each) => each.obstacle() === undefined)).toEqual([true, true, true, false]);
    const other = join(pools, { scope: 'other', alone: true });
    expect(other.obstacle()).toBeUndefined();
    // Room for somebody who has none, and not for whoever has waited for more.
    other.leave();
    const later = join(pools, { scope: 'later', alone: true });
    await until('servers', () => later.pool.connection('s'));
    expect(greedy[3]?.obstacle()).toBeDefined();
    greedy[0]?.leave();
    expect(greedy[3]?.obstacle()).toBeDefined();
    greedy[1]?.leave();
    await until('servers of the one that waited', () => greedy[3]?.pool.connection('s'));
  });

  it('counts what is still being closed, so that nobody starts processes without end', async () => {
    const { pools } = open({ maxPools: 1, servers: [scripted('s', ['linger'])] });
    const one = join(pools, { scope: 'one' });
    await pidOf(one);
    one.leave();
    join(pools, { scope: 'two' }).leave();
    expect(join(pools, { scope: 'three' }).pool.status()).toEqual([failed]);
  });
});

describe('the end', () => {
  it('ends every pool, and nobody gets one afterwards', async () => {
    const { pools } = open();
    const [one, other] = [join(pools), join(pools, { alone: true })];
    const pids = [await pidOf(one), await pidOf(other)];
    await Promise.all([pools.close(), pools.close()]);
    expect(pids.map(isRunning)).toEqual([false, false]);
    pools.warm();
    const late = join(pools);
    expect(late.pool.status()).toMatchObject([{ state: 'failed', reason: 'the gate is stopping' }]);
    expect(pools.status()).toMatchObject([{ state: 'stopped' }]);
    one.leave();
  });

  it('waits for what was being closed already', async () => {
    const { pools } = open();
    const client = join(pools, { alone: true });
    const pid = await pidOf(client);
    client.leave();
    await pools.close();
    expect(isRunning(pid)).toBe(false);
  });
});

describe('the status of all pools', () => {
  const stdio = { transport: 'stdio' as const, era: 'legacy' as const };
  const ready = {
    server: 's',
    state: 'ready' as const,
    ...stdio,
    reason: undefined,
    tools: 3,
    withheld: [],
  };

  it('shows each server as the most recent pool has it, with all restarts', () => {
    const older = { ...ready, state: 'failed' as const, reason: 'exited', restarts: 2, tools: 0 };
    const other = { ...ready, server: 't', restarts: 0 };
    expect(
      mergedStatus([scripted('s'), scripted('t')], [[older], [other, { ...ready, restarts: 1 }]]),
    ).toEqual([{ ...ready, restarts: 3 }, other]);
  });

  it('of a refused pool says why for every server', () => {
    const statuses = createRefusedPool([scripted('s'), scripted('t')], 'full').status();
    expect(statuses.map(({ server, reason }) => [server, reason])).toEqual([
      ['s', 'full'],
      ['t', 'full'],
    ]);
  });
});

function pidsIn(file: string): number[] {
  try {
    const lines = readFileSync(file, 'utf8').split('\n');
    return lines.filter((line) => line !== '').map(Number);
  } catch {
    return [];
  }
}
