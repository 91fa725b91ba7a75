import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Delivery } from '../../src/core/answer.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { Connection } from '../../src/upstream/contract.ts';
import { envelopeOf } from '../../src/upstream/envelope.ts';
import { ask, eraRig, eraServer } from './era-rig.ts';
import { call, modernHello, responseOf, until, valueIn } from './rig.ts';

const a = 'test://a';
const b = 'test://b';
const c = 'test://c';
const empty = {};
const untold = { code: -32601, message: 'the server does not tell of changes of this resource' };

describe('a modern server', () => {
  it('is listened to for what it declares that it tells of, and nothing else', async () => {
    const capabilities = {
      tools: { listChanged: true },
      prompts: { listChanged: false },
      resources: { subscribe: true, listChanged: true },
    };
    const { connection } = await eraRig(eraServer({ capabilities }));
    expect(await filters(connection('s'))).toEqual([
      { toolsListChanged: true, resourcesListChanged: true },
    ]);
  });

  it('is not listened to when it tells of nothing', async () => {
    const { connection } = await eraRig(eraServer({ capabilities: { tools: {} } }));
    expect(await filters(connection('s'))).toEqual([]);
  });

  it('has its list had anew when it says that it changed', async () => {
    const { pool, connection, notifications } = await eraRig(eraServer());
    await setTools(connection('s'), ['new']);
    await until('new tool', () => pool.catalog.tool('s__new'));
    expect(notifications).toEqual([]);
  });

  const others = [
    { name: 'without the id of the subscription', meta: '{}' },
    { name: 'under another id', meta: '{"io.modelcontextprotocol/subscriptionId":99}' },
    { name: 'under an id of another type', meta: '{"io.modelcontextprotocol/subscriptionId":"2"}' },
  ];
  it.each(others)('is not believed what it tells $name', async ({ meta }) => {
    const { connection, notifications } = await eraRig(eraServer());
    expect(await succeeds(connection('s').subscribe(a, true))).toEqual(empty);
    await raw(connection('s'), [updated(a, meta), '{"jsonrpc":"2.0","id":$ID,"result":{}}']);
    expect(notifications).toEqual([]);
  });
});

describe('the resources of a modern server', () => {
  it('bring their news to whoever subscribed, without what belongs to this hop', async () => {
    const { connection, notifications } = await eraRig(eraServer());
    expect(await succeeds(connection('s').subscribe(a, true))).toEqual(empty);
    await ask(connection('s'), 'update', { uri: a });
    expect(notifications).toEqual([
      {
        kind: 'notification',
        method: 'notifications/resources/updated',
        params: { uri: a, _meta: { 'x/own': 1 } },
        extras: undefined,
      },
    ]);
  });

  it('are asked for together, in one request in place of the one before', async () => {
    const { connection } = await eraRig(eraServer());
    const both = [connection('s').subscribe(a, true), connection('s').subscribe(b, true)];
    expect(await Promise.all(both.map(succeeds))).toEqual([empty, empty]);
    expect(await filters(connection('s'))).toEqual([
      { toolsListChanged: true, resourceSubscriptions: [a, b] },
    ]);
    expect(await countOf(connection('s'), 'subscriptions/listen')).toBe(2);
    expect(await countOf(connection('s'), 'notifications/cancelled')).toBe(1);
  });

  it('are asked for once, until that is taken back', async () => {
    const { connection } = await eraRig(eraServer());
    await connection('s').subscribe(a, true);
    expect(await succeeds(connection('s').subscribe(a, true))).toEqual(empty);
    expect(await countOf(connection('s'), 'subscriptions/listen')).toBe(2);
    await connection('s').subscribe(b, true);
    expect(await wanted(connection('s'))).toEqual([a, b]);
    expect(await succeeds(connection('s').subscribe(a, false))).toEqual(empty);
    await connection('s').subscribe(c, true);
    expect(await wanted(connection('s'))).toEqual([b, c]);
    expect(await succeeds(connection('s').subscribe('test://never', false))).toEqual(empty);
  });

  it('are listened to no longer when nobody wants any, and nothing else is told', async () => {
    const capabilities = { tools: {}, resources: { subscribe: true } };
    const { connection } = await eraRig(eraServer({ capabilities }));
    await connection('s').subscribe(a, true);
    expect(await filters(connection('s'))).toEqual([{ resourceSubscriptions: [a] }]);
    await connection('s').subscribe(a, false);
    await settledTo(connection('s'), []);
  });

  it('cannot be subscribed to where the server does not say that it tells of them', async () => {
    const capabilities = { tools: { listChanged: true }, resources: {} };
    const { connection } = await eraRig(eraServer({ capabilities }));
    expect(await succeeds(connection('s').subscribe(a, true))).toEqual(untold);
  });

  it('are refused where the server does not acknowledge them', async () => {
    const { connection } = await eraRig(eraServer({ listen: 'decline' }));
    const both = [connection('s').subscribe(a, true), connection('s').subscribe(a, true)];
    expect(await Promise.all(both.map(succeeds))).toEqual([untold, untold]);
    await connection('s').subscribe(b, true);
    expect(await countOf(connection('s'), 'subscriptions/listen')).toBe(3);
  });

  it('are refused as the server refused them, and what was listened to before still is', async () => {
    const { pool, connection } = await eraRig(eraServer({ listen: 'refuse-resources' }));
    const error = { code: -32602, message: 'no such resource' };
    expect(await succeeds(connection('s').subscribe(a, true))).toEqual(error);
    expect(await succeeds(connection('s').subscribe(a, true))).toEqual(error);
    await setTools(connection('s'), ['new']);
    await until('new tool', () => pool.catalog.tool('s__new'));
  });

  it('are given up where the server does not answer', async () => {
    const { connection } = await eraRig(
      eraServer({ listen: 'ignore' }),
      {},
      { acknowledgeMs: 100 },
    );
    expect(await connection('s').subscribe(a, true)).toEqual({
      kind: 'lost',
      reason: '"subscriptions/listen" was not acknowledged',
    });
  });

  it('can be so many, and their names so long', async () => {
    const { connection } = await eraRig(eraServer(), {}, { subscribedUris: 2 });
    await Promise.all([a, b].map((uri) => connection('s').subscribe(uri, true)));
    expect(await connection('s').subscribe(c, true)).toEqual({
      kind: 'unsent',
      reason: 'news of 2 resources are subscribed to already',
    });
    expect(await succeeds(connection('s').subscribe(a, true))).toEqual(empty);
    await connection('s').subscribe(b, false);
    expect(await connection('s').subscribe('x'.repeat(8_193), true)).toEqual({
      kind: 'unsent',
      reason: 'the URI is longer than 8192 characters',
    });
  });

  it('bring no news any more when the server is gone', async () => {
    const { connection } = await eraRig(eraServer({ listen: 'ignore' }));
    const waiting = connection('s').subscribe(a, true);
    const old = connection('s');
    await ask(old, 'exit').catch(() => {});
    expect(await waiting).toEqual({ kind: 'lost', reason: 'exited with code 0' });
    expect(await old.subscribe(a, true)).toEqual({ kind: 'unsent', reason: 'exited with code 0' });
  });
});

describe('what is listened to', () => {
  it.each(['gracefully', 'abruptly'])(
    'is listened to again when the server ends it %s',
    async (how) => {
      const { pool, connection, notifications } = await eraRig(eraServer());
      await connection('s').subscribe(a, true);
      const before = await countOf(connection('s'), 'tools/list');
      await ask(connection('s'), 'end_listens', { how });
      await settledTo(connection('s'), [{ toolsListChanged: true, resourceSubscriptions: [a] }]);
      // Nobody knows what changed meanwhile.
      for (;;) if ((await countOf(connection('s'), 'tools/list')) > before) break;
      await ask(connection('s'), 'update', { uri: a });
      expect(notifications).toHaveLength(1);
      expect(pool.status()[0]).toMatchObject({ state: 'ready', restarts: 0 });
    },
  );

  it('is asked for again and again where the server refuses, with longer and longer pauses', async () => {
    const pace = { relistPauseMs: 20, relistLongestPauseMs: 60_000 };
    const { pool, connection } = await eraRig(eraServer({ listen: 'refuse' }), {}, pace);
    for (;;) if ((await countOf(connection('s'), 'subscriptions/listen')) >= 4) break;
    expect(pool.status()[0]).toMatchObject({ state: 'ready', restarts: 0 });
  });

  it('cannot be used to cancel another request', async () => {
    const { connection } = await eraRig(eraServer());
    const lines = [
      '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":$ID}}',
      '{"jsonrpc":"2.0","id":$ID,"result":{"x":1}}',
    ];
    expect(await raw(connection('s'), lines)).toEqual({ x: 1 });
  });

  it('is no answer that a message which is too long can be taken for', async () => {
    const { pool, connection } = await eraRig(eraServer(), {}, { messageBytes: 10_000 });
    const before = await ask(connection('s'), 'listens');
    const long = `{"jsonrpc":"2.0","id":$ID,"result":{"x":"${'x'.repeat(10_000)}"}}`;
    expect(await send(connection('s'), 'raw', { lines: [long] })).toEqual({
      kind: 'lost',
      reason: 'a message is longer than 10000 bytes',
    });
    await setTools(connection('s'), ['new']);
    await until('new tool', () => pool.catalog.tool('s__new'));
    expect(await ask(connection('s'), 'listens')).toEqual(before);
  });
});

function updated(uri: string, meta: string): string {
  return `{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"${uri}","_meta":${meta}}}`;
}

function send(connection: Connection, tool: string, args: JsonObject): Promise<Delivery> {
  return call(connection, tool, args, { meta: envelopeOf(modernHello) });
}

/** The server writes these lines; the last one is its answer. */
async function raw(connection: Connection, lines: readonly string[]): Promise<unknown> {
  return valueIn(responseOf(await send(connection, 'raw', { lines })));
}

async function succeeds(delivery: Promise<Delivery>): Promise<unknown> {
  return valueIn(responseOf(await delivery));
}

async function setTools(connection: Connection, names: readonly string[]): Promise<void> {
  const list = names.map((name) => ({ name, inputSchema: { type: 'object' } }));
  expect(await ask(connection, 'set_tools', { list })).toBe('set');
}

/** What the server has open. */
async function filters(connection: Connection): Promise<readonly JsonObject[]> {
  const open: { filter: JsonObject }[] = JSON.parse(
    JSON.stringify(await ask(connection, 'listens')),
  );
  return open.map(({ filter }) => filter);
}

async function wanted(connection: Connection): Promise<unknown> {
  return (await filters(connection)).flatMap((filter) => filter['resourceSubscriptions'] ?? []);
}

async function countOf(connection: Connection, method: string): Promise<number> {
  const seen: { method: string }[] = JSON.parse(JSON.stringify(await ask(connection, 'seen')));
  return seen.filter((each) => each.method === method).length;
}

async function settledTo(connection: Connection, expected: readonly JsonObject[]): Promise<void> {
  for (;;) if (isDeepStrictEqual(await filters(connection), expected)) return;
}
