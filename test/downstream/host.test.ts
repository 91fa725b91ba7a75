import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { JsonObject } from '../../src/core/json.ts';
import type { Outlet } from '../../src/downstream/contract.ts';
import type { IncomingRequest } from '../../src/wire/contract.ts';
import { responseOf, SessionRig } from './rig.ts';

let rig: SessionRig;
beforeEach(() => {
  rig = new SessionRig();
  return () => rig.host.close();
});

const sentAt = (at: number) =>
  vi.waitFor(() => {
    const sent = rig.sent[at];
    if (sent === undefined) throw new Error('nothing was sent yet');
    return sent;
  });

/** A legacy session of its own, as a face with many clients opens it, and what it was written. */
function open(capabilities: JsonObject = {}, alone = false) {
  const written: { readonly method?: string; readonly id?: unknown; readonly reply?: unknown }[] =
    [];
  const outlet: Outlet = {
    reply: (id, reply) => written.push({ id, reply }),
    refuse: (id, error) => written.push({ id, reply: error }),
    notify: ({ method }) => written.push({ method }),
    request: () => {},
    pending: 0,
  };
  const clientInfo = { name: 'test', version: '1' };
  const hello = { era: 'legacy', protocolVersion: '2025-11-25', capabilities, clientInfo } as const;
  const identity = { type: 'identity', id: 'a', source: 'os', verified: true } as const;
  const session = rig.host.legacy({
    hello,
    identity: { ...identity, scope: 'os:a' },
    outlet,
    alone,
  });
  const ask = async (id: number, method: string, params: JsonObject): Promise<unknown> => {
    const request: IncomingRequest = { kind: 'request', id, method, params, extras: undefined };
    session.receive(request, outlet);
    await vi.waitFor(() => expect(written.some((each) => each.id === id)).toBe(true));
    return written.find((each) => each.id === id)?.reply;
  };
  const member = rig.members.at(-1);
  if (member === undefined) throw new Error('did not join');
  return { session, written, ask, member };
}

describe('a legacy client among others', () => {
  it.each<[capability: string, alone: boolean]>([
    ['sampling', true],
    ['elicitation', true],
    ['roots', true],
    ['experimental', false],
  ])('has servers of its own if it may be asked at any time: %s', (capability, alone) => {
    expect(open({ [capability]: {} }).member.client.alone).toBe(alone);
  });

  it('leaves its servers when it closes, once nothing is in flight', async () => {
    const { session, member } = open();
    const params = { name: 's__echo' };
    const extras = undefined;
    const request = { kind: 'request', id: 1, method: 'tools/call', params, extras } as const;
    const outlet = rig.outlet;
    session.receive(request, outlet);
    const { resolve } = await sentAt(0);
    const closing = session.close();
    expect(member.hasLeft).toBe(false);
    resolve({ kind: 'lost', reason: 'gone' });
    await closing;
    expect(member.hasLeft).toBe(true);
    session.receive({ ...request, id: 2 }, outlet);
    expect(rig.answerTo(2)).toMatchObject({ error: { message: 'the session is over' } });
  });

  it('is told that policy may show something else, if it has the list', async () => {
    const { written, ask } = open();
    await ask(1, 'tools/list', {});
    rig.host.changed();
    expect(written.flatMap(({ method }) => method ?? [])).toEqual([
      'notifications/tools/list_changed',
    ]);
  });
});

describe('news of resources for legacy clients that share servers', () => {
  const update = (client: ReturnType<typeof open>, server: string, uri: string) =>
    client.member.client.events.onNotification(server, {
      method: 'notifications/resources/updated',
      params: { uri },
      extras: undefined,
    });
  const told = ({ written }: ReturnType<typeof open>) =>
    written.filter(({ method }) => method !== undefined).length;
  /** What reached the server meanwhile, which answers all of it. */
  const passed = async (serve: () => Promise<unknown>) => {
    const before = rig.sent.length;
    const answers = setInterval(() => {
      for (const { resolve } of rig.sent.slice(before)) resolve(responseOf({}));
    });
    await serve();
    clearInterval(answers);
    return rig.sent.slice(before).map(({ request }) => request.method);
  };

  it('go only to those that asked for them', async () => {
    const [one, other] = [open(), open()];
    await passed(() => one.ask(1, 'resources/subscribe', { uri: 's:1' }));
    for (const client of [one, other]) {
      update(client, 's', 's:1');
      update(client, 's', 's:2');
      update(client, 'm', 's:1');
    }
    expect([told(one), told(other)]).toEqual([1, 0]);
  });

  it.each([false, true])(
    'are decided before the server is asked for them, and taken back without: alone %s',
    async (alone) => {
      const client = open({}, alone);
      const seen: string[] = [];
      const { decide } = rig;
      rig.decide = async (call, caller, target) => {
        seen.push(`${call.action} ${call.resourceType} ${call.server} ${call.name}`);
        expect(call.argumentsText).toBe(JSON.stringify(call.arguments));
        if (call.name !== 's:denied') return decide(call, caller, target);
        return { kind: 'refused', error: { code: 4003, message: 'denied' } };
      };
      expect(await client.ask(1, 'resources/subscribe', { uri: 's:denied' })).toMatchObject({
        error: { code: 4003 },
      });
      expect(rig.sent).toEqual([]);
      update(client, 's', 's:denied');
      expect(told(client)).toBe(alone ? 1 : 0);
      await passed(() => client.ask(2, 'resources/subscribe', { uri: 's:1', odd: 1 }));
      expect(rig.sent.at(-1)?.request.fields).toEqual({ uri: 's:1', odd: 1 });
      await passed(() => client.ask(3, 'resources/unsubscribe', { uri: 's:1' }));
      expect(seen).toEqual([
        'resources/subscribe resource s s:denied',
        'resources/subscribe resource s s:1',
      ]);
    },
  );

  it.each<[name: string, params: JsonObject, error: JsonObject]>([
    ['of no name', {}, { code: -32602, message: '"params.uri" must be a string' }],
    ['of nobody', { uri: 'x:1' }, { code: -32002, message: 'Resource not found' }],
  ])('are refused without a decision for a resource %s', async (_, params, error) => {
    rig.decide = () => Promise.reject(new Error('decided'));
    expect(await open().ask(1, 'resources/subscribe', params)).toMatchObject({ error });
  });

  it('are had of a thousand resources at most', async () => {
    const { session } = open();
    for (let id = 0; id <= 1_000; id += 1) {
      const params = { uri: `s:${id}` };
      const method = 'resources/subscribe';
      session.receive({ kind: 'request', id, method, params, extras: undefined }, rig.outlet);
    }
    for (const { resolve } of rig.sent) resolve(responseOf({}));
    await vi.waitFor(() => expect(rig.out).toHaveLength(1_001));
    expect(rig.sent).toHaveLength(1_000);
    expect(rig.answerTo(999)).toMatchObject({ result: {} });
    expect(rig.answerTo(1_000)).toMatchObject({
      error: { code: -32600, message: 'too many subscriptions' },
    });
  });

  it('go to one that is alone whatever it asked for', () => {
    const alone = open({}, true);
    update(alone, 's', 's:1');
    expect(told(alone)).toBe(1);
  });

  it('end at the server when the last one takes them back or goes', async () => {
    const [one, two, three] = [open(), open(), open()];
    const uri = { uri: 's:1' };
    for (const { ask } of [one, two, three]) {
      expect(await passed(() => ask(1, 'resources/subscribe', uri))).toEqual([
        'resources/subscribe',
      ]);
    }
    expect(await passed(() => open().ask(2, 'resources/unsubscribe', uri))).toEqual([]);
    expect(await passed(() => one.ask(2, 'resources/unsubscribe', uri))).toEqual([]);
    await two.session.close();
    expect(rig.watched).toEqual([]);
    expect(await passed(() => three.ask(2, 'resources/unsubscribe', uri))).toEqual([
      'resources/unsubscribe',
    ]);
    await passed(() => three.ask(3, 'resources/subscribe', uri));
    await three.session.close();
    expect(rig.watched).toEqual(['s -s:1']);
  });
});

describe('a legacy client of a modern server', () => {
  beforeEach(() => rig.hello({ roots: {} }));

  it('is introduced in every request, with the level of logs that it asked for', async () => {
    rig.ask(1, 'logging/setLevel', { level: 'error' });
    rig.ask(2, 'tools/call', { name: 'm__work' });
    const { request, server, resolve } = await vi.waitFor(() => {
      const found = rig.sent.find((each) => each.request.method === 'tools/call');
      if (found === undefined) throw new Error('nothing was sent yet');
      return found;
    });
    expect(server).toBe('m');
    expect(request.meta).toEqual({
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': { roots: {} },
      'io.modelcontextprotocol/logLevel': 'error',
    });
    resolve(responseOf({ resultType: 'complete', content: [] }));
    await vi.waitFor(() => expect(rig.answerTo(2)?.['result']).toEqual({ content: [] }));
    expect(rig.sent.filter(({ server: to }) => to === 'm')).toHaveLength(1);
  });

  it('subscribes to a resource in the words of the server', async () => {
    rig.ask(1, 'resources/subscribe', { uri: 'm:1' });
    rig.ask(2, 'resources/unsubscribe', { uri: 'm:1' });
    await vi.waitFor(() => expect(rig.answerTo(2)).toMatchObject({ result: {} }));
    expect(rig.watched).toEqual(['m +m:1', 'm -m:1']);
    expect(rig.sent).toEqual([]);
  });

  it('is asked by a server that wants to know something first', async () => {
    rig.ask(1, 'tools/call', { name: 'm__work' });
    const inputRequests = { q: { method: 'roots/list' } };
    (await sentAt(0)).resolve(responseOf({ resultType: 'input_required', inputRequests }));
    const asked = await vi.waitFor(() => {
      const found = rig.out.find(({ method }) => method === 'roots/list');
      if (found === undefined) throw new Error('not asked yet');
      return found;
    });
    rig.say({ jsonrpc: '2.0', id: Number(asked['id']), result: { roots: [] } });
    const { request, resolve } = await sentAt(1);
    expect(request.fields).toEqual({ name: 'work', inputResponses: { q: { roots: [] } } });
    resolve(responseOf({ resultType: 'complete', content: [] }));
    await vi.waitFor(() => expect(rig.answerTo(1)?.['result']).toEqual({ content: [] }));
  });
});
