import { readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readChallenge, union } from '../../../src/upstream/http/oauth/challenge.ts';
import { isAllowed } from '../../../src/upstream/http/oauth/guarded-fetch.ts';
import { type LoginOptions, login } from '../../../src/upstream/http/oauth/login.ts';
import { checkIssuer } from '../../../src/upstream/http/oauth/trusted-issuer.ts';
import type { RemoteSpec } from '../../../src/upstream/server-spec.ts';
import { call, scratchFolder } from '../rig.ts';
import {
  authorizationServer,
  type FakeAuthorizationServer,
  guarded,
} from './authorization-server.ts';
import { type Peer, remote, remoteSpec } from './rig.ts';

interface Scene {
  readonly spec: RemoteSpec;
  readonly far: Peer;
  readonly auth: FakeAuthorizationServer;
  readonly file: string;
}

async function scene(spec: Partial<RemoteSpec> = {}): Promise<Scene> {
  const auth = await authorizationServer();
  const far = await guarded(auth.issuer, auth.valid);
  const tokenDir = path.join(scratchFolder(), 'tokens');
  const full = remoteSpec(far.url, { tokenDir, ...spec });
  return { spec: full, far, auth, file: path.join(tokenDir, 'far.json') };
}

/** Logs in with a browser that does as it is told. */
function logIn({ spec, auth }: Scene, change?: (back: URL) => void): Promise<void> {
  const options: LoginOptions = {
    port: 0,
    timeoutMs: 5_000,
    print: (url) => void auth.browse(url, change),
  };
  return login(spec, options);
}

function stored(file: string): { tokens: Record<string, string>; client: Record<string, string> } {
  return JSON.parse(readFileSync(file, 'utf8'));
}

const oauth = {
  clientId: 'client',
  clientSecret: 'the-s3cret',
  issuer: undefined,
  scopes: ['tools'],
};

describe('a server that wants authorization', () => {
  it('ends the run with what a person has to do', async () => {
    const { spec, auth } = await scene();
    const rig = remote(spec.url, { spec });
    expect(await rig.over()).toBe('it wants a person\'s authorization: run "mcp-gate login far"');
    expect(auth.peer.seen).toEqual([]);
  });

  it('is logged in at once and for later, with PKCE, for the user alone', async () => {
    const all = await scene();
    const { spec, auth, file } = all;
    let printed = new URL('http://none');
    await login(spec, {
      port: 0,
      timeoutMs: 5_000,
      print: (url) => {
        printed = new URL(url);
        void auth.browse(url);
      },
    });
    expect(Object.fromEntries(printed.searchParams)).toMatchObject({
      response_type: 'code',
      client_id: 'client-1',
      code_challenge_method: 'S256',
      resource: spec.url,
      scope: 'tools files',
      redirect_uri: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/callback$/),
    });
    expect(auth.registrations).toMatchObject([
      { application_type: 'native', client_name: 'mcp-gate', token_endpoint_auth_method: 'none' },
    ]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(path.dirname(file)).mode & 0o777).toBe(0o700);
    expect(readdirSync(path.dirname(file))).toEqual(['far.json']);

    const rig = remote(spec.url, { spec });
    expect((await call(await rig.connected(), 'any')).kind).toBe('answered');
    expect(all.far.posted('initialize')).toHaveLength(1);
    expect(auth.grants).toEqual(['authorization_code']);
  });

  it('gets new tokens without a person when the old ones have expired, again and again', async () => {
    const all = await scene();
    await logIn(all);
    const { spec, auth, file } = all;
    const rig = remote(spec.url, { spec });
    const connection = await rig.connected();
    for (let round = 0; round < 3; round += 1) {
      auth.valid.clear();
      const before = stored(file).tokens['refresh_token'];
      const deliveries = await Promise.all([1, 2, 3].map(() => call(connection, 'any')));
      expect(deliveries.map(({ kind }) => kind)).toEqual(['answered', 'answered', 'answered']);
      expect(stored(file).tokens['refresh_token']).not.toBe(before);
    }
    expect(auth.grants).toEqual([
      'authorization_code',
      'refresh_token',
      'refresh_token',
      'refresh_token',
    ]);
    // As the client that the person logged in with.
    expect(auth.registrations).toHaveLength(1);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('is renewed once for all gates, for a refresh token serves once', async () => {
    const all = await scene();
    await logIn(all);
    const { spec, auth } = all;
    const connections = await Promise.all(
      [1, 2, 3].map(() => remote(spec.url, { spec }).connected()),
    );
    auth.valid.clear();
    const deliveries = await Promise.all(connections.map((connection) => call(connection, 'any')));
    expect(deliveries.map(({ kind }) => kind)).toEqual(['answered', 'answered', 'answered']);
    expect(auth.grants).toEqual(['authorization_code', 'refresh_token']);
  });

  it('asks for a person when the refresh token is refused', async () => {
    const all = await scene();
    await logIn(all);
    const { spec, auth } = all;
    const rig = remote(spec.url, { spec });
    const connection = await rig.connected();
    auth.valid.clear();
    auth.refreshTokens.clear();
    expect(await call(connection, 'any')).toMatchObject({ kind: 'unsent' });
    expect(await rig.over()).toContain('run "mcp-gate login far"');
    await logIn(all);
    expect((await call(await remote(spec.url, { spec }).connected(), 'any')).kind).toBe('answered');
    expect(auth.registrations.length).toBeGreaterThan(0);
  });

  it('keeps its tokens while the authorization server is out of order', async () => {
    const all = await scene();
    await logIn(all);
    const { spec, auth, file } = all;
    const before = stored(file);
    auth.valid.clear();
    auth.settings.refusal = 503;
    const reason = await remote(spec.url, { spec }).over();
    expect(reason).toBe('its authorization cannot be renewed: HTTP 503');
    expect(stored(file)).toEqual(before);
    auth.settings.refusal = undefined;
    expect((await call(await remote(spec.url, { spec }).connected(), 'any')).kind).toBe('answered');
  });

  it('gets no tokens of another server under the same key', async () => {
    const all = await scene();
    await logIn(all);
    const other = await guarded(all.auth.issuer, new Set());
    const spec = { ...all.spec, url: other.url };
    expect(await remote(spec.url, { spec }).over()).toContain('login');
    expect(other.seen.every(({ headers }) => headers.authorization === undefined)).toBe(true);
  });

  it('is asked anew when the file of its tokens cannot be read', async () => {
    const all = await scene();
    await logIn(all);
    writeFileSync(all.file, '{"server":');
    expect(await remote(all.spec.url, { spec: all.spec }).over()).toContain('login');
  });

  it('does not wait for a gate that died while it renewed', async () => {
    const all = await scene();
    await logIn(all);
    const { spec, auth, file } = all;
    writeFileSync(`${file}.lock`, '');
    const long = new Date(Date.now() - 120_000);
    utimesSync(`${file}.lock`, long, long);
    auth.valid.clear();
    expect((await call(await remote(spec.url, { spec }).connected(), 'any')).kind).toBe('answered');
  });

  it('is left alone where the config has a header for it', async () => {
    const all = await scene({ headers: { authorization: 'Bearer mine' } });
    await expect(logIn(all)).rejects.toMatchObject({ code: 'usage' });
    const reason = await remote(all.spec.url, { spec: all.spec }).over();
    expect(reason).toContain('answered HTTP 401');
    expect(all.auth.peer.seen).toEqual([]);
    expect(all.far.posted('initialize')[0]?.headers.authorization).toBe('Bearer mine');
  });
});

/** With a client that the operator registered at the authorization server of the scene. */
function pinned(all: Scene, issuer: string = all.auth.issuer): Scene {
  return { ...all, spec: { ...all.spec, oauth: { ...oauth, issuer } } };
}

const asked = ({ auth }: Scene) => auth.peer.seen.map(({ path: at }) => at);

describe('a configured secret', () => {
  it('goes to no authorization server that the tool server alone names, and the reason says what to do', async () => {
    const all = await scene({ oauth });
    const { spec, auth, file } = all;
    auth.settings.clientSecret = oauth.clientSecret;
    const why = `its client secret would go to "${auth.issuer}", which the tool server alone vouches for: if that is right, pin its authorization server with "oauth": { "issuer": "${auth.issuer}" }`;
    expect(await remote(spec.url, { spec }).over()).toBe(why);
    await expect(logIn(all)).rejects.toThrow(why);
    expect(asked(all).filter((at) => !at.startsWith('/.well-known/'))).toEqual([]);
    expect(() => statSync(file)).toThrow();
  });

  it('goes there once it is pinned, with or without the last slash', async () => {
    const all = await scene();
    all.auth.settings.clientSecret = oauth.clientSecret;
    const { spec } = pinned(all, `${all.auth.issuer}/`);
    expect((await call(await remote(spec.url, { spec }).connected(), 'any')).kind).toBe('answered');
  });

  it('goes nowhere when the tool server names another than the pinned one', async () => {
    const all = pinned(await scene(), 'https://auth.example');
    all.auth.settings.clientSecret = oauth.clientSecret;
    const why = `its authorization server is "${all.auth.issuer}" and not "https://auth.example", as "oauth.issuer" says`;
    expect(await remote(all.spec.url, { spec: all.spec }).over()).toBe(why);
    await expect(logIn(all)).rejects.toThrow(why);
    expect(asked(all)).not.toContain('/token');
  });

  const own = 'https://tools.example/mcp';
  const found = (authorizationServerUrl: string, tokenEndpoint?: string) => ({
    authorizationServerUrl,
    ...(tokenEndpoint !== undefined && {
      authorizationServerMetadata: {
        issuer: authorizationServerUrl,
        authorization_endpoint: `${authorizationServerUrl}/authorize`,
        token_endpoint: tokenEndpoint,
        response_types_supported: ['code'],
      },
    }),
  });
  it.each([
    ['the origin of the tool server', found('https://tools.example'), true],
    ['a path of it', found('https://tools.example/auth', 'https://tools.example/t'), true],
    ['its tokens elsewhere', found('https://tools.example', 'https://evil.example/t'), false],
    ['another port', found('https://tools.example:8443'), false],
    ['another scheme', found('http://tools.example'), false],
    ['a name below it', found('https://auth.tools.example'), false],
  ])('without a pin, for an authorization server at %s: %s', (_, discovery, isGiven) => {
    const check = () => checkIssuer(discovery, oauth, own);
    if (isGiven) expect(check).not.toThrow();
    else expect(check).toThrow('pin its authorization server');
    expect(() => checkIssuer(discovery, { ...oauth, clientSecret: undefined }, own)).not.toThrow();
  });

  it('is shown in no reason, and what a server names is shortened', () => {
    const named = `https://evil.example/${'x'.repeat(1000)}`;
    const check = () => checkIssuer(found(named), oauth, own);
    expect(check).toThrow(/^.{100,700}$/);
    expect(check).not.toThrow(oauth.clientSecret);
  });
});

describe('a client that the operator registered', () => {
  it('with a secret speaks for itself', async () => {
    const { spec, auth, file } = pinned(await scene());
    auth.settings.clientSecret = oauth.clientSecret;
    const rig = remote(spec.url, { spec });
    const connection = await rig.connected();
    auth.valid.clear();
    expect((await call(connection, 'any')).kind).toBe('answered');
    expect(auth.grants).toEqual(['client_credentials', 'client_credentials']);
    expect(readFileSync(file, 'utf8')).not.toContain(oauth.clientSecret);
    expect(stored(file).client).toEqual({ client_id: 'client', issuer: auth.issuer });
  });

  it('shows its secret to no other authorization server than the first', async () => {
    const { spec, auth, file } = pinned(await scene());
    auth.settings.clientSecret = oauth.clientSecret;
    await remote(spec.url, { spec }).connected();
    const thief = await authorizationServer();
    const text = readFileSync(file, 'utf8');
    const moved = await guarded(thief.issuer, new Set());
    writeFileSync(file, text.replaceAll(JSON.stringify(spec.url), JSON.stringify(moved.url)));
    const reason = await remote(moved.url, { spec: { ...spec, url: moved.url } }).over();
    expect(reason).toBe(
      `its authorization server is "${thief.issuer}" and not "${auth.issuer}", as "oauth.issuer" says`,
    );
    expect(reason).not.toContain(oauth.clientSecret);
    expect(thief.peer.seen.filter(({ path: at }) => at === '/token')).toEqual([]);
  });

  it('goes with its secret to another authorization server once the operator has pinned that one', async () => {
    const { spec, auth, file } = pinned(await scene());
    auth.settings.clientSecret = oauth.clientSecret;
    await remote(spec.url, { spec }).connected();
    const next = await scene();
    next.auth.settings.clientSecret = oauth.clientSecret;
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replaceAll(JSON.stringify(spec.url), JSON.stringify(next.spec.url)));
    const moved = { ...pinned(next).spec, tokenDir: spec.tokenDir };
    await remote(moved.url, { spec: moved }).connected();
    expect(next.auth.grants).toEqual(['client_credentials']);
  });

  it('with a wrong secret is told so, without the secret', async () => {
    const { spec, auth } = pinned(await scene());
    auth.settings.clientSecret = 'another';
    const reason = await remote(spec.url, { spec }).over();
    expect(reason).toMatch(/authorization/);
    expect(reason).not.toContain(oauth.clientSecret);
  });

  it('without a secret is not registered again', async () => {
    const all = await scene({ oauth: { ...oauth, clientSecret: undefined } });
    await logIn(all);
    expect(all.auth.registrations).toEqual([]);
    expect(
      (await call(await remote(all.spec.url, { spec: all.spec }).connected(), 'any')).kind,
    ).toBe('answered');
  });
});

describe('a login', () => {
  it.each([
    [
      'an error',
      (back: URL) => back.searchParams.set('error', 'access_denied'),
      'answered "access_denied"',
    ],
    [
      'an error that is none',
      (back: URL) => back.searchParams.set('error', 'a\u001bb'),
      'answered "an error"',
    ],
    ['no code', (back: URL) => back.searchParams.delete('code'), 'gave no code'],
    [
      'another issuer',
      (back: URL) => back.searchParams.set('iss', 'https://other.test'),
      'not of the authorization server that was asked',
    ],
    [
      'a wrong code',
      (back: URL) => back.searchParams.set('code', 'wrong'),
      'login at "far" failed',
    ],
  ])('fails with %s, and keeps nothing', async (_name, change, message) => {
    const all = await scene();
    await expect(logIn(all, change)).rejects.toThrow(message);
    expect(() => statSync(all.file)).toThrow();
  });

  it('takes an answer that names the right issuer, and none that hides it where it is promised', async () => {
    const all = await scene();
    all.auth.settings.metadata = { authorization_response_iss_parameter_supported: true };
    await expect(logIn(all)).rejects.toThrow('not of the authorization server that was asked');
    await logIn(all, (back) => back.searchParams.set('iss', all.auth.issuer));
    expect(statSync(all.file).isFile()).toBe(true);
  });

  it('hears only who knows its state', async () => {
    const all = await scene();
    let status = 0;
    const started = login(all.spec, {
      port: 0,
      timeoutMs: 5_000,
      print: (url) => {
        void all.auth
          .browse(url, (back) => back.searchParams.set('state', 'x'))
          .then((refused) => {
            status = refused;
            return all.auth.browse(url);
          });
      },
    });
    await started;
    expect(status).toBe(400);
  });

  it('ends when nobody comes back', async () => {
    const { spec } = await scene();
    const never = login(spec, { port: 0, timeoutMs: 30, print: () => {} });
    await expect(never).rejects.toThrow('nobody came back from the authorization server');
  });

  it.each([
    ['without PKCE', { code_challenge_methods_supported: undefined }, 'does not support PKCE'],
    ['that says that it is another', { issuer: 'https://other.test' }, 'another issuer'],
    [
      'over plain http elsewhere',
      { authorization_endpoint: 'http://elsewhere.test/authorize' },
      'not reached over https',
    ],
  ])('is refused at an authorization server %s', async (_name, metadata, message) => {
    const all = await scene();
    // A member that is undefined is no part of the text.
    all.auth.settings.metadata = metadata;
    await expect(logIn(all)).rejects.toThrow(message);
  });
});

describe('where tokens may be asked for', () => {
  it.each([
    ['https://any.test/token', 'https://far.test/mcp', true],
    ['http://far.test:1/token', 'http://far.test/mcp', true],
    ['http://far.test/token', 'https://far.test/mcp', false],
    ['http://169.254.169.254/', 'http://far.test/mcp', false],
    ['file:///etc/passwd', 'http://far.test/mcp', false],
  ])('%s for %s', (target, server, expected) => {
    expect(isAllowed(new URL(target), new URL(server))).toBe(expected);
  });
});

describe('a challenge', () => {
  it.each([
    [undefined, undefined, undefined],
    ['', undefined, undefined],
    ['Basic realm="x"', undefined, undefined],
    ['Bearer', undefined, undefined],
    ['Bearer resource_metadata="https://a.test/m", scope="a b"', 'https://a.test/m', 'a b'],
    ['bearer error="invalid_token", scope=a', undefined, 'a'],
    ['Basic realm="x", Bearer scope="a"', undefined, 'a'],
    ['Bearer resource_metadata="no url"', undefined, undefined],
    ['Bearer x_scope="no", scope=""', undefined, undefined],
  ])('%s', (header, url, scope) => {
    const challenge = readChallenge(header);
    expect(challenge.resourceMetadataUrl?.href).toBe(url);
    expect(challenge.scope).toBe(scope);
  });

  it('adds to what was asked for before', () => {
    expect(union('a b', undefined, 'b c')).toBe('a b c');
    expect(union('', undefined)).toBeUndefined();
  });
});
