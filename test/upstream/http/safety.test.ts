import { describe, expect, it } from 'vitest';
import { Lifetime } from '../../../src/core/lifetime.ts';
import { Wording } from '../../../src/upstream/http/wording.ts';
import { call, until } from '../rig.ts';
import {
  answerTo,
  connect,
  event,
  type Handler,
  legacy,
  openEvents,
  peer,
  refuse,
  remote,
  sendJson,
  sendText,
  toolOf,
} from './rig.ts';

/** Tool calls go to `tools`, everything else is refused. */
function server(tools: Handler): Handler {
  return legacy((seen, response) =>
    seen.body['method'] === 'tools/call' ? tools(seen, response) : refuse(seen, response),
  );
}

const mebibyte = 1024 * 1024;

describe('a redirect', () => {
  it.each([301, 302, 303, 307, 308])(
    'by HTTP %d is not followed, and only its origin is told',
    async (status) => {
      const other = await peer((_seen, response) => void response.writeHead(200).end());
      const { origin } = new URL(other.url);
      const far = await peer((_seen, response) => {
        response.writeHead(status, { location: `${origin}/secret/path?token=hidden` }).end();
      });
      const reason = await remote(far.url).over();
      expect(reason).toContain(
        `answered HTTP ${status}, a redirect to ${origin}, which is not followed`,
      );
      expect(reason).not.toContain('secret');
      expect(reason).not.toContain('hidden');
      expect(other.seen).toEqual([]);
    },
  );

  it('of a call is not followed, not even to the same origin', async () => {
    const far = await peer(
      server((_seen, response) => void response.writeHead(307, { location: '/elsewhere' }).end()),
    );
    expect(await call(await connect(far.url), 'any')).toMatchObject({
      kind: 'lost',
      reason: expect.stringContaining('which is not followed'),
    });
    expect(far.seen.filter(({ path }) => path === '/elsewhere')).toEqual([]);
  });
});

describe('an answer that is too long', () => {
  const long = Buffer.alloc(mebibyte, 'x');

  /** Writes without end, as fast as it is read; tells how much that was. */
  function flood(
    type: string,
    start: string,
    headers = {},
  ): { handler: Handler; written: () => number } {
    let written = 0;
    const handler = server((seen, response) => {
      if (toolOf(seen) === 'echo') {
        sendJson(response, answerTo(seen, {}));
        return;
      }
      response.writeHead(200, { 'content-type': type, ...headers });
      response.write(start);
      const more = (): void => {
        if (written >= 100 * mebibyte || response.destroyed) {
          response.end();
          return;
        }
        written += long.length;
        if (response.write(long)) setImmediate(more);
        else response.once('drain', more);
      };
      more();
    });
    return { handler, written: () => written };
  }

  it.each([
    ['as one JSON text', 'application/json', '{"jsonrpc":"2.0","id":1,"result":{"x":"'],
    ['as one event', 'text/event-stream', 'data: '],
  ])('ends its request alone, %s', async (_name, type, start) => {
    const { handler, written } = flood(type, start);
    const far = await peer(handler);
    const connection = await connect(far.url, { limits: { messageBytes: 4 * mebibyte } });
    expect(await call(connection, 'long')).toEqual({
      kind: 'lost',
      reason: `a message is longer than ${4 * mebibyte} bytes`,
    });
    expect((await call(connection, 'echo')).kind).toBe('answered');
    expect(written()).toBeLessThan(50 * mebibyte);
  });

  it('is not read at all when it says how long it is', async () => {
    const { handler, written } = flood('application/json', '{', {
      'content-length': 100 * mebibyte,
    });
    const far = await peer(handler);
    expect(await call(await connect(far.url), 'long')).toMatchObject({ kind: 'lost' });
    expect(written()).toBeLessThan(50 * mebibyte);
  });

  it('is read no further than its words go when it is a refusal', async () => {
    const far = await peer(
      server((_seen, response) => {
        response.writeHead(500, { 'content-type': 'text/plain' });
        const timer = setInterval(() => response.write('no '.repeat(10_000)), 1);
        response.on('close', () => clearInterval(timer));
      }),
    );
    const delivery = await call(await connect(far.url), 'any');
    expect(delivery).toMatchObject({
      kind: 'lost',
      reason: expect.stringMatching(/^answered HTTP 500: no no/),
    });
  });

  it('in its head ends its request', async () => {
    const far = await peer(
      server((_seen, response) => {
        response.writeHead(200, {
          'content-type': 'application/json',
          'x-long': 'x'.repeat(100_000),
        });
        response.end('{}');
      }),
    );
    expect(await call(await connect(far.url), 'any')).toMatchObject({ kind: 'lost' });
  });

  it('compressed is not taken, for nobody asked for that', async () => {
    const far = await peer(
      server((_seen, response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
        response.end('bomb');
      }),
    );
    expect(await call(await connect(far.url), 'any')).toEqual({
      kind: 'lost',
      reason: 'the answer is compressed, which was not asked for',
    });
    expect(far.posted('tools/call')[0]?.headers['accept-encoding']).toBe('identity');
  });
});

describe('what a server says that is no answer', () => {
  it.each([
    ['a batch', 200, 'application/json', '[]', 'the response ended without an answer'],
    ['no JSON', 200, 'application/json', '{', 'the response ended without an answer'],
    [
      'an empty body',
      200,
      'application/json',
      '',
      'answered HTTP 200 with "application/json" only',
    ],
    ['an HTML page', 200, 'text/html', '<p>hi', 'answered HTTP 200 with "text/html" only'],
    ['an acceptance', 202, 'text/plain', '', 'answered HTTP 202 with "text/plain" only'],
  ])('loses its request: %s', async (_name, status, type, body, reason) => {
    const far = await peer(
      server(
        (_seen, response) => void response.writeHead(status, { 'content-type': type }).end(body),
      ),
    );
    expect(await call(await connect(far.url), 'any')).toEqual({ kind: 'lost', reason });
  });

  it('tells which rights are missing', async () => {
    const challenge =
      'Bearer error="insufficient_scope", scope="files:write", resource_metadata="x"';
    const far = await peer(
      server((_seen, response) => sendText(response, 'no', 403, { 'www-authenticate': challenge })),
    );
    expect(await call(await connect(far.url), 'any')).toEqual({
      kind: 'unsent',
      reason: 'answered HTTP 403: its authorization lacks the scope "files:write"',
    });
  });

  it('answers no other request than its own', async () => {
    const far = await peer(
      server((_seen, response) => {
        openEvents(response);
        response.end(
          event({ jsonrpc: '2.0', id: 999, result: {} }) +
            event({ jsonrpc: '2.0', id: 'x', result: {} }),
        );
      }),
    );
    expect(await call(await connect(far.url), 'any')).toMatchObject({ kind: 'lost' });
  });
});

describe('what is secret', () => {
  const secret = 'Bearer s3cr3t-t0ken-value';
  const headers = { Authorization: secret, 'X-Api-Key': 'k3y-0123456789' };

  it('is in no reason and in no log, however the server repeats it', async () => {
    const far = await peer((seen, response) => {
      sendText(
        response,
        `bad ${seen.headers.authorization} and ${seen.headers['x-api-key']} s3cr3t-t0ken-value`,
        403,
      );
    });
    const rig = remote(`${far.url}?key=in-the-url`, { spec: { headers } });
    const said = `${await rig.over()} ${rig.logged.join()}`;
    expect(said).toContain('answered HTTP 403: bad … and … …');
    for (const each of ['s3cr3t', 'k3y-', 'in-the-url']) expect(said).not.toContain(each);
    expect(far.seen[0]?.path).toBe('/mcp?key=in-the-url');
  });

  it('is taken out of an address that the server repeats', () => {
    const url = new URL('https://tools.test/s/long-secret-in-a-path/mcp?key=in%20the%20url&x=y');
    const wording = new Wording({}, () => [], url);
    expect(wording.clean(`no ${url.pathname}${url.search}, that is "in the url"`)).toBe(
      'no /s/…/mcp?key=…&x=y, that is "…"',
    );
  });

  it('is in no reason when it cannot be sent', async () => {
    const far = await peer((_seen, response) => void response.end());
    const headers = { 'X-Key': 'k3y-0123456789\r\nX-Other: y' };
    const rig = remote(far.url, { spec: { headers, initTimeoutMs: 500 } });
    const reason = await rig.over();
    expect(reason).not.toContain('k3y-');
    expect(far.seen).toEqual([]);
  });

  it('is found in any length and order', () => {
    const wording = new Wording({ A: 'short', B: 'Basic dXNlcjpwYXNz' }, () => [
      'shorter-token',
      'ab',
    ]);
    expect(wording.clean('short shorter-token dXNlcjpwYXNz Basic dXNlcjpwYXNz ab')).toBe(
      '… … … … ab',
    );
  });

  it.each([
    ['ftp://127.0.0.1/s3cr3t', '"url" must begin with http:// or https://'],
    ['s3cr3t', '"url" must begin with http:// or https://'],
    ['http://user:s3cr3t@127.0.0.1/', '"url" must not hold a user or a password: use "headers"'],
  ])('stays so in a URL that cannot be used', async (url, reason) => {
    expect(await remote(url).over()).toBe(reason);
  });
});

describe('a server that cannot be reached', () => {
  it('ends the run with what went wrong', async () => {
    const far = await peer(() => {});
    await new Promise((resolve) => far.server.close(resolve));
    expect(await remote(far.url).over()).toMatch(/^cannot be reached: .*ECONNREFUSED/);
  });

  it('does not end before it has begun, nor begin after its end', async () => {
    const far = await peer(server(() => {}));
    const rig = remote(far.url);
    await rig.run.end('never mind');
    expect(await rig.over()).toBe('never mind');
    await rig.run.open({
      era: 'legacy',
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: {},
    });
    expect(far.posted('tools/call')).toEqual([]);
  });

  it('speaks no TLS where TLS is asked for: nothing is sent', async () => {
    const far = await peer(server(() => {}));
    expect(await remote(far.url.replace('http:', 'https:')).over()).toMatch(/^cannot be reached: /);
    expect(far.seen).toEqual([]);
  });

  it('takes no more than it may keep waiting', async () => {
    const far = await peer(server(() => {}));
    const connection = await connect(far.url, { limits: { unreadBytes: 1_000 } });
    const lifetime = new Lifetime();
    const first = call(connection, 'never', { text: 'x'.repeat(2_000) }, { lifetime });
    expect(await call(connection, 'never')).toEqual({
      kind: 'unsent',
      reason: 'too much waits for its answers already',
    });
    await until('call', () => far.posted('tools/call')[0]);
    lifetime.end('gone');
    void first;
  });
});
