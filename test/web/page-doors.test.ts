import { readFileSync } from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { stateOf } from '../approval/desk-scratch.ts';
import { ask } from '../downstream/http/rig.ts';
import { openPage } from './page-rig.ts';

describe('who may come to the page', () => {
  const rows: readonly [claim: string, headers: Record<string, string>, status: number][] = [
    ['its public name', { host: 'gate.example' }, 200],
    [
      'its public name and its own form',
      { host: 'gate.example', origin: 'https://gate.example' },
      200,
    ],
    [
      'a form that a browser sends without a referrer',
      { origin: 'null', 'sec-fetch-site': 'same-origin' },
      200,
    ],
    ['a wrong name', { host: 'evil.example' }, 403],
    ['a form of another site', { origin: 'https://evil.example' }, 403],
    ['a form of nobody known', { origin: 'null' }, 403],
    [
      'a form of another site that says so',
      { origin: 'null', 'sec-fetch-site': 'cross-site' },
      403,
    ],
    ['a site beside it', { origin: 'null', 'sec-fetch-site': 'same-site' }, 403],
    ['a page that may call tools', { origin: 'https://app.example' }, 403],
  ];
  it.each(rows)('%s', async (_, headers, status) => {
    const settings = { allowedOrigins: ['https://app.example'] };
    const { send, dana, approval, store } = await openPage({}, settings);
    const fields = { credential: dana, binding: approval.binding, verdict: 'deny' };
    const got = await send(fields, { headers });
    expect(got.status).toBe(status);
    expect(stateOf(store, approval)).toBe(status === 200 ? 'denied' : 'pending');
  });

  it('without TLS and beyond this machine it is found by its public name alone', async () => {
    const { get, path, face } = await openPage({}, { host: '0.0.0.0' });
    const host = (name: string) => get(path, { host: name });
    expect((await host('gate.example')).status).toBe(200);
    expect((await host(`10.0.0.5:${face.port}`)).status).toBe(403);
  });

  it('with TLS of its own it is found by its own name, too, and by it alone over https', async () => {
    const pem = readFileSync(
      path.join(import.meta.dirname, '../downstream/http/loopback.pem'),
      'utf8',
    );
    const { face, path: at } = await openPage({}, { tls: { cert: pem, key: pem } });
    const own = `127.0.0.1:${face.port}`;
    const status = (host: string, origin: string) =>
      new Promise((resolve, reject) => {
        const to = { port: face.port, host: '127.0.0.1', path: at, servername: 'localhost' };
        const options = { ...to, ca: pem, agent: false };
        https
          .get({ ...options, headers: { host, origin } }, (res) => {
            expect(res.headers['x-frame-options']).toBe('DENY');
            resolve(res.resume().statusCode);
          })
          .on('error', reject);
      });
    expect(await status(own, `https://${own}`)).toBe(200);
    expect(await status('gate.example', 'https://gate.example')).toBe(200);
    expect(await status(own, `http://${own}`)).toBe(403);
    expect(await status('evil.example', 'https://gate.example')).toBe(403);
  });

  it('needs no bearer token, and gives none a way in', async () => {
    const { get, face } = await openPage();
    expect((await get()).status).toBe(200);
    expect(face.host.sessions).toEqual([]);
  });
});

describe('what may be sent', () => {
  it.each([
    ['too much', `credential=${'x'.repeat(40_000)}`, undefined, 413],
    ['a field twice', 'credential=a&credential=b', undefined, 400],
    ['json', '{"credential":"a"}', 'application/json', 415],
    ['parts', '--x', 'multipart/form-data; boundary=x', 415],
    ['text', 'credential=a', 'text/plain', 415],
  ])('%s is refused before anybody looks at it', async (_, body, type, status) => {
    const { send, refusedFrom } = await openPage();
    const headers = type === undefined ? {} : { 'content-type': type };
    expect((await send(body, { headers })).status).toBe(status);
    expect(refusedFrom).toEqual([]);
  });

  it.each(['PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH'])(
    '%s is no way to use it',
    async (method) => {
      const { face, path } = await openPage();
      const got = await ask(face, { method, path });
      expect(got.status).toBe(405);
      expect(got.headers.allow).toBe('GET, POST');
    },
  );

  it('a reason in the longest writing there is fits', async () => {
    const { answer, dana, store, approval } = await openPage();
    const reason = '\u{1f600}'.repeat(1000);
    expect((await answer(dana, 'deny', { reason })).status).toBe(200);
    expect(store.approval(approval.id)?.decisionReason).toBe(reason);
  });

  it('a store that cannot be read says so, and not why', async () => {
    const { show, dana, store, failures } = await openPage();
    await store.close();
    const got = await show(dana);
    expect([500, 503]).toContain(got.status);
    expect(got.text).toContain('Nothing was decided');
    expect(failures).toHaveLength(1);
  });
});
