import { expect, it } from 'vitest';
import type { Era } from '../../../src/wire/eras.ts';
import { call, until } from '../rig.ts';
import {
  event,
  type Handler,
  legacy,
  modern,
  openEvents,
  peer,
  refuse,
  remote,
  toolOf,
} from './rig.ts';

const servers = { legacy, modern } as const;

/** Whether a call that is answered so may have run. */
const rows: readonly (readonly [status: number, kind: 'unsent' | 'lost'])[] = [
  [301, 'lost'],
  [303, 'lost'],
  [307, 'lost'],
  [401, 'unsent'],
  [403, 'unsent'],
  [404, 'unsent'],
  [405, 'unsent'],
  [408, 'lost'],
  [409, 'lost'],
  [413, 'unsent'],
  [415, 'unsent'],
  [429, 'lost'],
  [500, 'lost'],
  [502, 'lost'],
  [504, 'lost'],
];
const eras: readonly Era[] = ['legacy', 'modern'];

it.each(eras.flatMap((era) => rows.map((row) => [era, ...row] as const)))(
  'a call that a %s server answers with HTTP %i is %s',
  async (era, status, kind) => {
    const far = await peer(servers[era](refusing(status)));
    const connection = await remote(far.url, { era, spec: { protocol: era } }).connected();
    expect((await call(connection, 'any')).kind).toBe(kind);
  },
);

it.each([401, 404])(
  'a call whose stream cannot be continued, for HTTP %i, may have run',
  async (status) => {
    const far = await peer(
      legacy((seen, response) => {
        if (seen.headers['last-event-id'] !== undefined) response.writeHead(status).end();
        else if (seen.body['method'] === 'tools/call') {
          openEvents(response);
          response.end('retry: 1\nid: e1\ndata:\n\n');
        } else void refuse(seen, response);
      }),
    );
    const connection = await remote(far.url).connected();
    expect((await call(connection, 'any')).kind).toBe('lost');
  },
);

it('of two calls in a session that is gone, the one that was taken may have run', async () => {
  const far = await peer(
    legacy(
      (seen, response) => {
        if (toolOf(seen) === 'taken') {
          openEvents(response);
          response.write(event({ jsonrpc: '2.0', method: 'notifications/message', params: {} }));
        } else if (toolOf(seen) === 'refused') response.writeHead(404).end();
        else void refuse(seen, response);
      },
      { session: 'S' },
    ),
  );
  const rig = remote(far.url);
  const connection = await rig.connected();
  const taken = call(connection, 'taken');
  await until('the first call', () => rig.notifications.length === 1);
  const reason = 'the session is over: answered HTTP 404';
  expect(await call(connection, 'refused')).toEqual({ kind: 'unsent', reason });
  expect(await taken).toEqual({ kind: 'lost', reason });
});

function refusing(status: number): Handler {
  return (seen, response) => {
    if (seen.body['method'] === 'tools/call') response.writeHead(status).end();
    else void refuse(seen, response);
  };
}
