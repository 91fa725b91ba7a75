import type { ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import type { Delivery } from '../../../src/core/answer.ts';
import { isObject } from '../../../src/core/json.ts';
import { Lifetime } from '../../../src/core/lifetime.ts';
import type { Related } from '../../../src/core/related.ts';
import type { Connection } from '../../../src/upstream/contract.ts';
import { responseOf, until, valueIn } from '../rig.ts';
import {
  answerTo,
  event,
  type Handler,
  legacy,
  openEvents,
  peer,
  refuse,
  remote,
  type Seen,
  toolOf,
} from './rig.ts';

const legacyServer = { spec: { protocol: 'legacy' } } as const;

it('a question on the GET stream goes to a modern client in the answer to its call', async () => {
  const { connection, requests } = await opened('modern');
  const ada = client('ada');
  expect(await said(connection, 'asks', ada)).toEqual({ answered: { action: 'ada' } });
  expect([ada.asked, requests]).toEqual([['elicitation/create'], []]);
});

it('it goes to nobody while calls of several modern clients are under way', async () => {
  const { connection, requests, far } = await opened('modern');
  const [ada, bob] = [client('ada'), client('bob')];
  void sent(connection, 'never', bob);
  await until('the call of the other', () => far.posted('tools/call').length === 1);
  expect(await said(connection, 'asks', ada)).toEqual({ refused: 4503 });
  expect([ada.asked, bob.asked, requests]).toEqual([[], [], []]);
});

it('it goes to nobody when the stream of a call that is over brings it', async () => {
  const { connection, requests, far } = await opened('modern');
  const [ada, bob] = [client('ada'), client('bob')];
  void sent(connection, 'never', bob);
  await until('the call of the other', () => far.posted('tools/call').length === 1);
  expect(await said(connection, 'late', ada)).toEqual({});
  await until('the question', () => requests.length === 1);
  expect([ada.asked, bob.asked]).toEqual([[], []]);
});

it('it goes to a legacy client on its own', async () => {
  const { connection, requests } = await opened('legacy');
  const ada = client('ada');
  const answer = said(connection, 'asks', ada);
  const asked = await until('the question', () => requests[0]);
  asked.reply({ kind: 'made', result: { action: 'accept' } });
  expect(await answer).toEqual({ answered: { action: 'accept' } });
  expect(ada.asked).toEqual([]);
});

async function opened(era: 'legacy' | 'modern') {
  const { handler, isListening } = asking();
  const far = await peer(handler);
  const { connected, requests } = remote(far.url, { era, ...legacyServer });
  const connection = await connected();
  await until('the GET stream', isListening);
  return { connection, requests, far };
}

/** Asks on its GET stream while it works on `asks`, and on the stream of the call once `late` is answered. */
function asking(): { readonly handler: Handler; isListening(): boolean } {
  const question = { jsonrpc: '2.0', id: 'q', method: 'elicitation/create', params: {} };
  let standing: ServerResponse | undefined;
  let waiting: { readonly seen: Seen; readonly response: ServerResponse } | undefined;
  const handler = legacy((seen, response) => {
    if (seen.method === 'GET') {
      standing = response;
      openEvents(response);
    } else if (toolOf(seen) === 'asks') {
      waiting = { seen, response };
      openEvents(response);
      standing?.write(event(question));
    } else if (toolOf(seen) === 'late') {
      openEvents(response);
      response.write(event(answerTo(seen, {})));
      response.end(event(question));
    } else if (seen.body['id'] === 'q') {
      response.writeHead(202).end();
      waiting?.response.end(event(answerTo(waiting.seen, heard(seen))));
    } else if (toolOf(seen) !== 'never') {
      void refuse(seen, response);
    }
  });
  return { handler, isListening: () => standing !== undefined };
}

function heard({ body: { result, error } }: Seen) {
  return isObject(error) ? { refused: error['code'] ?? null } : { answered: result ?? null };
}

function client(name: string): Related & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    client: { name },
    asked,
    ask: (_server, { method }, _lifetime, reply) => {
      asked.push(method);
      reply({ kind: 'made', result: { action: name } });
    },
    tell: () => {},
  };
}

async function said(connection: Connection, name: string, related: Related): Promise<unknown> {
  return valueIn(responseOf(await sent(connection, name, related)));
}

function sent(connection: Connection, name: string, related: Related): Promise<Delivery> {
  const request = { method: 'tools/call', fields: { name }, argumentsText: '{}' };
  return connection.send(
    { ...request, meta: undefined, extras: undefined },
    { lifetime: new Lifetime(), onProgress: undefined, related },
  );
}
