import { describe, expect, it } from 'vitest';
import { createDoors } from '../../../src/downstream/http/doors.ts';
import { ask, bearers, initialize, modern, openFace } from './rig.ts';

describe('who may be named in Host', () => {
  const local = { host: '127.0.0.1', port: 8787, isSecure: false };
  const named = { ...local, allowedHosts: ['gate.example', 'other.example:8443'] };
  const rows: readonly (readonly [
    host: string | undefined,
    settings: object,
    isAllowed: boolean,
  ])[] = [
    ['127.0.0.1:8787', local, true],
    ['localhost:8787', local, true],
    ['LOCALHOST:8787', local, true],
    ['[::1]:8787', local, true],
    ['localhost', local, false],
    ['localhost:80', local, false],
    ['localhost:87870', local, false],
    ['evil.example:8787', local, false],
    ['localhost.evil.example:8787', local, false],
    ['127.0.0.1.evil.example', local, false],
    ['127.0.0.2:8787', local, false],
    [undefined, local, false],
    ['', local, false],
    ['localhost', { ...local, port: 80 }, true],
    ['localhost', { ...local, port: 443, isSecure: true }, true],
    ['localhost', { ...local, port: 80, isSecure: true }, false],
    ['gate.example', named, true],
    ['gate.example:443', named, true],
    ['gate.example:8787', named, true],
    ['other.example:8443', named, true],
    ['other.example', named, false],
    ['other.example:8787', named, false],
    ['10.0.0.5:8787', { ...local, host: '10.0.0.5' }, true],
    ['10.0.0.5:8787', { ...local, host: '0.0.0.0' }, false],
    ['0.0.0.0:8787', { ...local, host: '0.0.0.0' }, false],
    ['[::]:8787', { ...local, host: '::' }, false],
    ['[fd00::5]:8787', { ...local, host: 'fd00::5' }, true],
  ];
  it.each(rows)('%s with %j: %s', (host, settings, isAllowed) => {
    const doors = createDoors({ allowedHosts: [], allowedOrigins: [], ...local, ...settings });
    const fault = doors.fault(host === undefined ? {} : { host });
    expect(fault?.status).toBe(isAllowed ? undefined : 403);
  });
});

it.each([
  ['a relay that keeps another port', '127.0.0.1:9000'],
  ['a relay under a name', 'gate.example:443'],
])('through %s the error says where to name it, and named it gets in', (_, host) => {
  const settings = { host: '127.0.0.1', port: 8787, isSecure: false, allowedOrigins: [] };
  const fault = createDoors({ ...settings, allowedHosts: [] }).fault({ host });
  expect(fault?.error.message).toBe(
    `host "${host}" is not allowed: name it in "transport.http.allowedHosts"`,
  );
  expect(createDoors({ ...settings, allowedHosts: [host] }).fault({ host })).toBeUndefined();
});

describe('whose pages may send', () => {
  const settings = {
    host: '127.0.0.1',
    port: 8787,
    isSecure: false,
    allowedHosts: ['gate.example'],
    allowedOrigins: ['https://app.example'],
  };
  it.each([
    ['http://localhost:8787', true],
    ['http://127.0.0.1:8787', true],
    ['https://app.example', true],
    ['http://gate.example', true],
    ['http://localhost:3000', false],
    ['https://localhost:8787', false],
    ['http://app.example', false],
    ['https://app.example.evil.example', false],
    ['null', false],
    ['', false],
  ])('%s: %s', (origin, isAllowed) => {
    const fault = createDoors(settings).fault({ host: 'localhost:8787', origin });
    expect(fault?.status).toBe(isAllowed ? undefined : 403);
  });
});

it('who comes by a wrong name is turned away before anything else, but for probes', async () => {
  const face = await openFace({ authenticate: bearers });
  const headers = { host: 'evil.example' };
  for (const path of ['/mcp', '/sse', '/metrics', '/nowhere']) {
    expect((await ask(face, { method: 'GET', path, headers })).status).toBe(403);
  }
  expect((await ask(face, { headers, body: initialize() })).status).toBe(403);
  for (const path of ['/healthz', '/readyz']) {
    expect((await ask(face, { method: 'GET', path, headers })).status).toBe(200);
  }
  const origin = { origin: 'http://evil.example' };
  const got = await ask(face, { headers: origin, body: initialize() });
  expect([got.status, got.headers['access-control-allow-origin']]).toEqual([403, undefined]);
  expect(face.host.sessions).toEqual([]);
});

it('pages of a configured origin may read answers', async () => {
  const origin = 'https://app.example';
  const face = await openFace({ settings: { allowedOrigins: [origin] } });
  const before = await ask(face, { method: 'OPTIONS', headers: { origin } });
  expect(before.status).toBe(204);
  expect(before.headers).toMatchObject({
    'access-control-allow-origin': origin,
    'access-control-allow-methods': 'POST, GET, DELETE',
  });
  const got = await ask(face, { headers: { origin }, body: initialize() });
  expect(got.headers).toMatchObject({
    'access-control-allow-origin': origin,
    'access-control-expose-headers': expect.stringContaining('Mcp-Session-Id'),
    vary: 'Origin',
  });
  const own = { origin: `http://127.0.0.1:${face.port}` };
  const same = await ask(face, { headers: own, body: initialize() });
  expect([same.status, same.headers['access-control-allow-origin']]).toEqual([200, undefined]);
});

describe('who calls', () => {
  it.each([
    ['nobody', {}, 401, 'Bearer realm="mcp-gate"'],
    [
      'a wrong token',
      { authorization: 'Bearer wrong' },
      401,
      'Bearer realm="mcp-gate", error="invalid_token"',
    ],
    [
      'another scheme',
      { authorization: 'Basic YTpi' },
      401,
      'Bearer realm="mcp-gate", error="invalid_token"',
    ],
    ['a token', { authorization: 'Bearer alice' }, 200, undefined],
    ['a token that is looked up', { authorization: 'Bearer late' }, 200, undefined],
  ])('%s', async (_claim, headers, status, challenge) => {
    const face = await openFace({ authenticate: bearers });
    const { headers: usual, body } = modern('tools/list');
    const got = await ask(face, { headers: { ...usual, ...headers }, body });
    expect(got.status).toBe(status);
    expect(got.headers['www-authenticate']).toBe(challenge);
  });

  it('is asked before a body is read', async () => {
    const face = await openFace({ authenticate: bearers });
    const headers = { 'content-length': 60 * 1024 * 1024 };
    const got = await ask(face, { headers, body: '' });
    expect([got.status, got.headers.connection]).toEqual([401, 'close']);
  });

  it('is not asked where that cannot be found out', async () => {
    const authenticate = () => Promise.reject(new Error('secret detail'));
    const face = await openFace({ authenticate });
    const got = await ask(face, { body: initialize() });
    expect(got.status).toBe(503);
    expect(got.text).not.toContain('secret');
    expect(face.host.sessions).toEqual([]);
  });
});

describe('where tokens come from', () => {
  const resource = {
    url: 'https://gate.example/mcp',
    authorizationServers: ['https://login.example'],
  };

  it.each(['/.well-known/oauth-protected-resource', '/.well-known/oauth-protected-resource/mcp'])(
    'stands at %s, for everybody',
    async (path) => {
      const face = await openFace({ authenticate: bearers, settings: { resource } });
      const got = await ask(face, { method: 'GET', path });
      expect(got).toMatchObject({
        status: 200,
        json: {
          resource: 'https://gate.example/mcp',
          authorization_servers: ['https://login.example'],
          bearer_methods_supported: ['header'],
        },
      });
    },
  );

  it('is named to who is not known', async () => {
    const face = await openFace({ authenticate: bearers, settings: { resource } });
    const got = await ask(face, { headers: { authorization: 'Bearer wrong' }, body: initialize() });
    expect(got.headers['www-authenticate']).toBe(
      'Bearer resource_metadata="https://gate.example/.well-known/oauth-protected-resource/mcp", error="invalid_token"',
    );
  });

  it('is not there without authorization servers', async () => {
    const face = await openFace();
    const path = '/.well-known/oauth-protected-resource';
    expect((await ask(face, { method: 'GET', path })).status).toBe(404);
  });
});

describe('what is served where', () => {
  it.each([
    ['PUT', '/mcp', 405, 'POST, GET, DELETE'],
    ['HEAD', '/mcp', 405, 'POST, GET, DELETE'],
    ['OPTIONS', '/mcp', 405, 'POST, GET, DELETE, OPTIONS'],
    ['POST', '/healthz', 405, 'GET'],
    ['POST', '/sse', 405, 'GET'],
    ['GET', '/messages', 405, 'POST'],
    ['GET', '/', 404, undefined],
    ['GET', '/mcp/', 404, undefined],
    ['GET', '/../mcp', 404, undefined],
    ['GET', '//mcp', 404, undefined],
    ['GET', '/healthz?x=1', 200, undefined],
  ])('%s %s gets %d', async (method, path, status, allow) => {
    const face = await openFace();
    const got = await ask(face, { method, path });
    expect([got.status, got.headers.allow]).toEqual([status, allow]);
  });

  it('readyz says no until policy and store are there', async () => {
    const face = await openFace();
    face.state.isReady = false;
    expect((await ask(face, { method: 'GET', path: '/readyz' })).status).toBe(503);
    expect((await ask(face, { method: 'GET', path: '/healthz' })).status).toBe(200);
    face.state.isReady = true;
    expect((await ask(face, { method: 'GET', path: '/readyz' })).status).toBe(200);
  });

  it('metrics tell what was going on, in labels that nobody else chooses', async () => {
    const face = await openFace({ authenticate: bearers });
    const headers = { authorization: 'Bearer alice' };
    await ask(face, { headers, body: initialize() });
    for (const method of ['tools/list', 'evil"} 1\nx', 'other/method']) {
      const { headers: usual, body } = modern('tools/list');
      const named = { ...usual, 'mcp-method': method.replace('\n', '') };
      await ask(face, { headers: { ...headers, ...named }, body: { ...body, method } });
    }
    const got = await ask(face, { method: 'GET', path: '/metrics' });
    expect(got.headers['content-type']).toContain('text/plain');
    expect(got.text).toContain(
      'mcp_gate_http_requests_total{method="initialize",outcome="result",status="200"} 1',
    );
    expect(got.text).toContain(
      'mcp_gate_http_requests_total{method="other",outcome="result",status="200"} 1',
    );
    expect(got.text).toContain('mcp_gate_http_sessions 1');
    expect(got.text).toContain('process_cpu_seconds_total');
    expect(got.text).not.toContain('evil');
  });

  it('beyond the loopback metrics are for who is known', async () => {
    const face = await openFace({ authenticate: bearers, settings: { host: '0.0.0.0' } });
    const path = '/metrics';
    expect((await ask(face, { method: 'GET', path })).status).toBe(401);
    const headers = { authorization: 'Bearer alice' };
    expect((await ask(face, { method: 'GET', path, headers })).status).toBe(200);
  });
});
