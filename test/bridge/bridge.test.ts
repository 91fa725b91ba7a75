import { describe, expect, it } from 'vitest';
import { legacyTool, modernTool } from '../../src/bridge/list-item.ts';
import { isObject, type JsonObject } from '../../src/core/json.ts';
import { Lifetime } from '../../src/core/lifetime.ts';
import { requestLine } from '../../src/upstream/request-line.ts';
import {
  carry,
  createRig,
  done,
  envelope,
  forwarded,
  legacySpeaker,
  modernSpeaker,
  passageOf,
  type Received,
  rawResponse,
  resultIn,
  ScriptedConnection,
} from './rig.ts';
import {
  legacyClientOfModernServer,
  modernClientOfLegacyServer,
  type Translation,
} from './translations.ts';

describe('a legacy client of a modern server', () => {
  const speaker = legacySpeaker;
  it.each(legacyClientOfModernServer.map((row) => [row.what, row] as const))(
    '%s',
    async (_, row) => {
      if (row.kind === 'definition') expect(legacyTool(row.given)).toEqual(row.becomes);
      else await carried(row, new ScriptedConnection('modern', answering(row)), { speaker });
    },
  );

  it('hands over the level of logs that it asked for', async () => {
    const server = new ScriptedConnection('modern', (received) => received.result(done));
    await carry(
      createRig(),
      server,
      { name: 'a' },
      {
        speaker: { ...legacySpeaker, logLevel: 'warning' },
      },
    );
    expect(server.last().params['_meta']).toMatchObject({
      'io.modelcontextprotocol/logLevel': 'warning',
    });
  });

  it('gets the logs that belong to its request', async () => {
    const server = new ScriptedConnection('modern', (received) => {
      received.log('debug');
      received.result(done);
    });
    const { face } = await passageOf(createRig(), server, { name: 'a' }, { speaker });
    expect(face?.told.map((log) => log.params?.['level'])).toEqual(['debug']);
  });

  it.each([
    ['resources/subscribe', true],
    ['resources/unsubscribe', false],
  ])('has "%s" told to the connection', async (method, wanted) => {
    const server = new ScriptedConnection('modern');
    const got = await carry(createRig(), server, { uri: 'a:b' }, { speaker, method });
    expect(server.subscriptions).toEqual([['a:b', wanted]]);
    expect(server.received).toEqual([]);
    expect(got).toEqual({ result: {} });
  });
});

describe('a modern client of a legacy server', () => {
  it.each(modernClientOfLegacyServer.map((row) => [row.what, row] as const))(
    '%s',
    async (_, row) => {
      if (row.kind === 'definition') expect(modernTool(row.given)).toEqual(row.becomes);
      else if (row.kind === 'question') await asked(row);
      else await carried(row, new ScriptedConnection('legacy', answering(row)));
    },
  );
});

describe('between two of one era nothing changes', () => {
  const line =
    '{"jsonrpc":"2.0" , "id":1,"result":{ "content":[ ],"n":12345678901234567890,"é":1.0 },"own":0}';

  it('is the connection itself between two legacy ones', async () => {
    const { bridge } = createRig();
    const params = { name: 'a', _meta: { own: 1 }, requestState: 'x', inputResponses: 7 };
    const request = {
      kind: 'request',
      id: 1,
      method: 'tools/call',
      params,
      extras: undefined,
    } as const;
    const crossing = bridge.cross(request, legacySpeaker, 's');
    if ('code' in crossing) throw new Error(crossing.message);
    const server = new ScriptedConnection('legacy');
    const reply = { kind: 'relayed', response: rawResponse(line) } as const;
    expect(crossing.request).toBe(request);
    expect(crossing.target(server)).toBe(server);
    expect(crossing.reply(reply)).toBe(reply);
    expect(crossing.client).toBeUndefined();
  });

  it('leaves the bytes of requests and results between two modern ones', async () => {
    const { bridge } = createRig();
    const whole = line.replace('"content"', '"resultType":"complete", "content"');
    const server = new ScriptedConnection('modern', (received) =>
      received.respond(rawResponse(whole)),
    );
    const params = { name: 'a', arguments: { b: 1 }, own: 0, _meta: { ...envelope, own: [] } };
    const request = {
      kind: 'request',
      id: 1,
      method: 'tools/call',
      params,
      extras: undefined,
    } as const;
    const crossing = bridge.cross(request, modernSpeaker, 's');
    if ('code' in crossing) throw new Error(crossing.message);
    expect(crossing.request).toBe(request);
    const sent = forwarded('tools/call', params);
    const delivery = await crossing
      .target(server)
      .send(sent, { lifetime: new Lifetime(), onProgress: undefined, related: undefined });
    if (delivery.kind !== 'answered') throw new Error(delivery.reason);
    const reply = { kind: 'relayed', response: delivery.response } as const;
    expect(crossing.reply(reply)).toBe(reply);
    expect(delivery.response.line.toString()).toBe(whole);
    expect(server.last().line).toBe(requestLine(1, sent, false));
  });
});

/** The server answers as the row says, or with anything when it is about the request. */
function answering({ kind, given }: Translation): (received: Received) => void {
  return (received) => {
    if (kind === 'answer') received.result(given);
    else if (kind === 'error') received.error(given);
    else received.result(done);
  };
}

async function carried(
  { kind, method, given, becomes }: Translation,
  server: ScriptedConnection,
  passage: Parameters<typeof carry>[3] = {},
): Promise<void> {
  const params = kind === 'request' ? given : { name: 'a', uri: 'a:b', _meta: envelope };
  const got = await carry(createRig(), server, params, { ...passage, ...(method && { method }) });
  if (kind === 'request') expect(server.last().params).toEqual(becomes);
  else expect(got).toEqual({ [becomes['code'] === undefined ? 'result' : 'error']: becomes });
}

async function asked({ given, becomes }: Translation): Promise<void> {
  const server = new ScriptedConnection('legacy', (received) => {
    const { method, params } = given;
    void received.ask(String(method), isObject(params) ? params : undefined);
  });
  const got = resultIn(await carry(createRig(), server, { name: 'a', _meta: envelope }));
  const requests: JsonObject = { 1: becomes };
  expect(got).toMatchObject({ resultType: 'input_required', inputRequests: requests });
  expect(got['inputRequests']).toEqual(requests);
}
