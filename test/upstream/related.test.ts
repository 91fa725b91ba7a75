import { describe, expect, it } from 'vitest';
import type { Delivery } from '../../src/core/answer.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { Lifetime } from '../../src/core/lifetime.ts';
import type { FarMessage, Related } from '../../src/core/related.ts';
import type { Connection } from '../../src/upstream/contract.ts';
import { envelopeOf } from '../../src/upstream/envelope.ts';
import { ask, eraRig, eraServer } from './era-rig.ts';
import {
  call,
  modernHello,
  responseOf,
  rig,
  type ServerRequest,
  saidIn,
  scripted,
  until,
} from './rig.ts';

const log = '{"jsonrpc":"2.0","method":"notifications/message","params":{"data":1}}';
const updated = '{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"u"}}';
const answer = '{"jsonrpc":"2.0","id":$ID,"result":{}}';
const unclear = {
  code: 4503,
  message:
    'calls of several clients are under way, and the question says of none: nobody was asked',
};
const asks = { method: 'roots/list', params: {} };

describe('what a legacy server asks while it works', () => {
  it('goes to the request that its client sent last, of those that take anything', async () => {
    const { connection, requests } = await rig([scripted('s')]);
    const client = {};
    const [first, second] = [taker(client), taker(client)];
    void call(connection('s'), 'never', {}, { related: first.related });
    const delivery = call(connection('s'), 'ask', asks, { related: second.related });
    void call(connection('s'), 'never');
    const asked = await until('request', () => second.asked[0]);
    expect(asked).toMatchObject({ server: 's', request: { method: 'roots/list' } });
    asked.reply({ kind: 'made', result: { roots: [] } });
    expect(saidIn(await delivery)).toEqual({ roots: [] });
    expect([first.asked, requests]).toEqual([[], []]);
  });

  it('goes to nobody while requests of several clients are under way', async () => {
    const { connection, requests } = await rig([scripted('s')]);
    const [first, second] = [taker(), taker()];
    const lifetime = new Lifetime();
    void call(connection('s'), 'never', {}, { related: first.related, lifetime });
    const refused = await call(connection('s'), 'ask', asks, { related: second.related });
    expect(saidIn(refused)).toEqual(unclear);
    lifetime.end('the client cancelled');
    // The server may not have heard of it.
    const cancelled = await call(connection('s'), 'ask', asks, { related: second.related });
    expect(saidIn(cancelled)).toEqual(unclear);
    expect([first.asked, second.asked, requests]).toEqual([[], [], []]);
  });

  it('goes to the only request again once the others are over', async () => {
    const { connection } = await rig([scripted('s')]);
    const [first, second] = [taker(), taker()];
    await call(connection('s'), 'echo', {}, { related: first.related });
    void call(connection('s'), 'ask', asks, { related: second.related });
    await until('request', () => second.asked[0]);
    expect(first.asked).toEqual([]);
  });

  it('goes to the client as such when no request takes anything any more', async () => {
    const { connection, requests } = await rig([scripted('s')]);
    const [over, cancelled] = [taker(), taker()];
    const lifetime = new Lifetime();
    await call(connection('s'), 'echo', {}, { related: over.related });
    void call(connection('s'), 'never', {}, { related: cancelled.related, lifetime });
    lifetime.end('the client cancelled');
    void call(connection('s'), 'ask', asks);
    await until('request', () => requests[0]);
    expect([over.asked, cancelled.asked]).toEqual([[], []]);
  });

  it('is no more than what it may ask otherwise', async () => {
    const { connection, requests } = await rig([scripted('s')], {
      requestBurst: 1,
      requestsPerSecond: 0,
    });
    const { related, asked } = taker();
    void call(connection('s'), 'ask', asks, { related });
    await until('request', () => asked[0]);
    const refused = saidIn(await call(connection('s'), 'ask', asks));
    expect(refused).toEqual({ code: -32603, message: 'too many requests' });
    expect(requests).toEqual([]);
  });
});

describe('what a server logs while it works', () => {
  it('goes to the only request that takes it, in the order in which the server wrote it', async () => {
    const { connection, notifications } = await rig([scripted('s')]);
    const { related, told, heard } = taker();
    const progress =
      '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":$ID}}';
    const lines = [log, progress, log, updated, progress, answer];
    const onProgress = (): void => {
      heard.push('progress');
    };
    await call(connection('s'), 'raw', { lines }, { related, onProgress });
    expect(heard).toEqual(['log', 'progress', 'log', 'progress']);
    expect(told[0]).toMatchObject({ method: 'notifications/message', params: { data: 1 } });
    expect(notifications.map(({ method }) => method)).toEqual(['notifications/resources/updated']);
  });

  it('goes to the client as such when it may belong to several', async () => {
    const { connection, notifications } = await rig([scripted('s')]);
    const [first, second] = [taker(), taker()];
    void call(connection('s'), 'never', {}, { related: first.related });
    const lines = [log, answer];
    await call(connection('s'), 'raw', { lines }, { related: second.related });
    expect([first.told, second.told, notifications.length]).toEqual([[], [], 1]);
  });

  it('says nothing in the name of the gate', async () => {
    const { connection } = await rig([scripted('s')]);
    const { related, told } = taker();
    const forged = '"_meta":{"dev.mcp-gate/x":1,"y":2}';
    const lines = [
      `{"jsonrpc":"2.0","method":"notifications/message","params":{${forged}}}`,
      answer,
    ];
    await call(connection('s'), 'raw', { lines }, { related });
    expect(told[0]?.params).toEqual({ _meta: { y: 2 } });
  });

  it('goes to the only request of a modern server as well', async () => {
    const { connection, notifications } = await eraRig(eraServer({ era: 'dual' }));
    const { related, told } = taker();
    responseOf(await call(connection('s'), 'raw', { lines: [log, answer] }, { related }));
    expect([told.length, notifications]).toEqual([1, []]);
  });
});

describe('a modern server', () => {
  it('may not ask anything, and gets no answer to it', async () => {
    const { connection, requests } = await eraRig(eraServer());
    const lines = [
      '{"jsonrpc":"2.0","id":"p","method":"ping"}',
      '{"jsonrpc":"2.0","id":"r","method":"roots/list"}',
      '{"jsonrpc":"2.0","id":"twice","method":"roots/list","params":{"a":1,"a":2}}',
      answer,
    ];
    const { related, asked } = taker();
    responseOf(await modern(connection('s'), { lines }, related));
    const seen = JSON.stringify(await ask(connection('s'), 'seen'));
    const answered = JSON.parse(seen).filter((each: JsonObject) => each['method'] === undefined);
    expect([answered, asked, requests]).toEqual([[], [], []]);
  });

  it('is ended when it does not stop asking', async () => {
    const { pool, connection } = await eraRig(eraServer(), {}, { faultsPerMinute: 10 });
    const lines = Array.from({ length: 11 }, () => '{"jsonrpc":"2.0","id":1,"method":"ping"}');
    expect(await modern(connection('s'), { lines }, undefined)).toEqual({
      kind: 'lost',
      reason: 'it floods the gate with messages that nobody can use',
    });
    await until('restart', () => pool.status()[0]?.restarts === 1 && pool.connection('s'));
    expect(connection('s').era).toBe('modern');
  });

  it('is told by a notification that a request is cancelled', async () => {
    const { connection } = await eraRig(eraServer());
    const lifetime = new Lifetime();
    void modern(connection('s'), undefined, undefined, lifetime);
    lifetime.end('the client cancelled');
    const seen: { method: string; params: JsonObject; id: number }[] = JSON.parse(
      JSON.stringify(await ask(connection('s'), 'seen')),
    );
    const { id } = seen.find(({ params }) => params['name'] === 'never') ?? {};
    expect(seen.find(({ method }) => method === 'notifications/cancelled')?.params).toEqual({
      requestId: id,
      reason: 'the client cancelled',
    });
  });

  it('has its progress heard before the result of the same chunk', async () => {
    const { connection } = await eraRig(eraServer());
    const heard: string[] = [];
    const progress =
      '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":$ID,"progress":1}}';
    const meta = envelopeOf(modernHello);
    const onProgress = (): void => {
      heard.push('progress');
    };
    const args = { lines: [progress, progress, answer] };
    await call(connection('s'), 'raw', args, { meta, onProgress }).then(() => heard.push('result'));
    expect(heard).toEqual(['progress', 'progress', 'result']);
  });
});

function modern(
  connection: Connection,
  args: JsonObject | undefined,
  related: Related | undefined,
  lifetime = new Lifetime(),
): Promise<Delivery> {
  const tool = args === undefined ? 'never' : 'raw';
  return call(connection, tool, args, { related, lifetime, meta: envelopeOf(modernHello) });
}

/** Whoever sent a request, with what was asked and told while it was under way. */
function taker(client: object = {}) {
  const asked: ServerRequest[] = [];
  const told: FarMessage[] = [];
  const heard: string[] = [];
  const related: Related = {
    client,
    ask: (server, request, lifetime, reply) => {
      asked.push({ server, request, lifetime, reply });
    },
    tell: (_, notification) => {
      told.push(notification);
      heard.push('log');
    },
  };
  return { related, asked, told, heard };
}
