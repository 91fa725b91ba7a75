// biome-ignore-all lint/suspicious/noTemplateCurlyInString: config files have this notation
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load.ts';
import { GateError } from '../../src/core/errors.ts';
import { scratch } from './scratch.ts';

const token = 'hunter2-hunter2-hunter2';
const issuer = {
  issuer: 'https://idp.example/',
  jwksUri: 'https://idp.example/jwks',
  audience: 'https://gate.example/mcp',
};

function load(file: object, servers: 'expand' | 'literal' = 'expand'): Config {
  const text = JSON.stringify({ mcpServers: {}, ...file });
  const env = { TOKEN: token, SHORT: 'hunter2' };
  return loadConfig(scratch().write('c.json', text), { env, servers });
}

describe('how the gate is reached', () => {
  it('is taken as it stands, with files beside the config and times in milliseconds', () => {
    const config = load({
      transport: {
        http: {
          host: '0.0.0.0',
          port: 0,
          path: '/',
          sse: true,
          allowedHosts: ['gate.example', 'gate.example:8443', '[::1]:1'],
          allowedOrigins: ['https://app.example', 'http://localhost:3000'],
          publicUrl: 'https://gate.example/mcp',
          tls: { cert: './cert.pem', key: '/etc/key.pem' },
          limits: { bodyBytes: 1024, sessionIdle: '5m', pools: 3, poolIdle: '0s' },
          tokens: { ci: '${TOKEN}', 'alice@example.com': 'A1-._~+/b2c3d4e5f6==' },
        },
      },
    });
    expect(config.transport.http).toEqual({
      host: '0.0.0.0',
      port: 0,
      path: '/',
      sse: true,
      allowedHosts: ['gate.example', 'gate.example:8443', '[::1]:1'],
      allowedOrigins: ['https://app.example', 'http://localhost:3000'],
      publicUrl: 'https://gate.example/mcp',
      tls: { cert: join(dirname(config.file), 'cert.pem'), key: '/etc/key.pem' },
      limits: {
        bodyBytes: 1024,
        connections: 4096,
        sessions: 1000,
        sessionsPerCaller: 200,
        streamsPerCaller: 400,
        requestsPerCaller: 1024,
        sessionIdleMs: 300_000,
        pools: 3,
        poolsPerCaller: 32,
        poolsReserved: 16,
        unreadBytes: 16_777_216,
        unreadsBytes: 536_870_912,
        poolIdleMs: 0,
      },
      tokens: new Map([
        ['ci', token],
        ['alice@example.com', 'A1-._~+/b2c3d4e5f6=='],
      ]),
    });
  });

  const open: [claim: string, file: object][] = [
    ['with a token', { transport: { http: { host: '::', tokens: { ci: token } } } }],
    ['with an issuer', { transport: { http: { host: '::' } }, identity: { issuers: [issuer] } }],
    ['not at all, on this machine', { transport: { http: { host: 'localhost' } } }],
    ['not at all, on this machine by address', { transport: { http: { host: '::1' } } }],
  ];
  it.each(open)('others may come in %s', (_, file) => expect(() => load(file)).not.toThrow());
});

describe('whose word about a caller counts', () => {
  it('is said with the common claims and every signature that needs a public key alone', () => {
    expect(load({ identity: { issuers: [issuer] } }).identity).toEqual({
      required: false,
      issuers: [
        {
          ...issuer,
          audience: [issuer.audience],
          algorithms: [
            ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
            ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
          ],
          claims: {
            subject: 'sub',
            groups: 'groups',
            roles: 'roles',
            tenant: undefined,
            department: undefined,
            region: undefined,
          },
        },
      ],
    });
  });

  it('is said in other words where the operator names them', () => {
    const own = {
      ...issuer,
      audience: ['a', 'b'],
      algorithms: ['ES256'],
      claims: { subject: 'email', roles: '/realm_access/roles', tenant: 'tid' },
    };
    const { identity } = load({
      identity: { required: true, onError: 'closed', issuers: [own] },
    });
    expect(identity).toMatchObject({
      required: true,
      issuers: [
        {
          audience: ['a', 'b'],
          algorithms: ['ES256'],
          claims: {
            subject: 'email',
            groups: 'groups',
            roles: '/realm_access/roles',
            tenant: 'tid',
          },
        },
      ],
    });
  });

  it('may come from this machine in clear', () => {
    const local = { ...issuer, issuer: 'http://localhost:9/', jwksUri: 'http://127.0.0.1:9/jwks' };
    expect(load({ identity: { issuers: [local] } }).identity.issuers).toHaveLength(1);
  });
});

it('webhooks take their secret from a variable', () => {
  const config = load(notify({ secret: '${TOKEN}' }));
  expect(config.approvals.notify).toEqual([
    { type: 'webhook', url: 'https://hook.example/a', secret: token },
  ]);
});

it('who only reads the state needs no variable of how the gate is reached', () => {
  const http = { tokens: { ci: '${UNSET}' }, publicUrl: '${UNSET}' };
  const file = {
    transport: { http },
    identity: { issuers: [{ issuer: '${UNSET}' }] },
    approvals: { quorum: 2, notify: [{ type: 'webhook', url: '${UNSET}', secret: '${UNSET}' }] },
  };
  expect(load(file, 'literal').approvals).toMatchObject({ quorum: 2, notify: [] });
  expect(load(file, 'literal').transport.http.tokens).toEqual(new Map());
});

const tokenWords = 'expected a token of at least 16 letters, digits or "-._~+/"';
const http = (member: object) => ({ transport: { http: member } });
const ofIssuer = (member: object) => ({ identity: { issuers: [{ ...issuer, ...member }] } });
const guarded = 'expected an "https:" address, or an "http:" one on this machine, found';

const notify = (member: object) => ({
  approvals: {
    notify: [{ type: 'webhook', url: 'https://hook.example/a', secret: token, ...member }],
  },
});

const refused: [claim: string, file: object, message: string][] = [
  [
    'a webhook that anybody on the way can read',
    notify({ url: 'http://hook.example/a' }),
    `approvals.notify[0].url": ${guarded} text`,
  ],
  [
    'a webhook with a short secret',
    notify({ secret: '${SHORT}' }),
    'approvals.notify[0].secret": expected a secret of at least 16 visible characters, found text',
  ],
  [
    'a webhook without a secret',
    notify({ secret: undefined }),
    'approvals.notify[0].secret": expected text, found nothing',
  ],
  [
    'a short token',
    http({ tokens: { ci: '${SHORT}' } }),
    `transport.http.tokens.ci": ${tokenWords}, found text`,
  ],
  [
    'a token of 15',
    http({ tokens: { ci: 'hunter2hunter21' } }),
    `transport.http.tokens.ci": ${tokenWords}, found text`,
  ],
  [
    'a token that no header can hold',
    http({ tokens: { ci: `${token} x` } }),
    `transport.http.tokens.ci": ${tokenWords}, found text`,
  ],
  [
    'a token that is a number',
    http({ tokens: { ci: 1234567890123456 } }),
    'transport.http.tokens.ci": expected text, found a number',
  ],
  [
    'a token that is not set',
    http({ tokens: { ci: '${NOPE}' } }),
    'transport.http.tokens.ci": expected the environment variable "NOPE", found no such variable',
  ],
  [
    'tokens without names',
    http({ tokens: [token] }),
    'transport.http.tokens": expected an object, found a list',
  ],
  [
    'one text instead of tokens',
    http({ tokens: token }),
    'transport.http.tokens": expected an object, found text',
  ],
  [
    'one token for two',
    http({ tokens: { a: token, b: '${TOKEN}' } }),
    'transport.http.tokens.b": expected every token under one name, found text',
  ],
  [
    'a name with a line break',
    http({ tokens: { 'a\nb': token } }),
    'transport.http.tokens."a\\nb"": expected a name of letters, digits and "._@-", found "a\\nb"',
  ],
  [
    'everybody without a token',
    http({ host: '0.0.0.0' }),
    'transport.http.host": expected an address of this machine, found "0.0.0.0"',
  ],
  [
    'everybody by a name',
    http({ host: 'gate.example' }),
    'transport.http.host": expected an address of this machine, found "gate.example"',
  ],
  [
    'a path without its slash',
    http({ path: 'mcp' }),
    'transport.http.path": expected a path such as "/mcp", found "mcp"',
  ],
  [
    'a path with a query',
    http({ path: '/mcp?x' }),
    'transport.http.path": expected a path such as "/mcp", found "/mcp?x"',
  ],
  [
    'a path with an empty part',
    http({ path: '//mcp' }),
    'transport.http.path": expected a path such as "/mcp", found "//mcp"',
  ],
  [
    'a host with its scheme',
    http({ allowedHosts: ['https://gate.example'] }),
    'transport.http.allowedHosts[0]": expected a host such as "gate.example", found "https://gate.example"',
  ],
  [
    'every host',
    http({ allowedHosts: ['*'] }),
    'transport.http.allowedHosts[0]": expected a host such as "gate.example", found "*"',
  ],
  [
    'every origin',
    http({ allowedOrigins: ['*'] }),
    'transport.http.allowedOrigins[0]": expected an origin such as "https://app.example", found "*"',
  ],
  [
    'the origin of nobody',
    http({ allowedOrigins: ['null'] }),
    'transport.http.allowedOrigins[0]": expected an origin such as "https://app.example", found "null"',
  ],
  [
    'an origin with a path',
    http({ allowedOrigins: ['https://a.example/'] }),
    'transport.http.allowedOrigins[0]": expected an origin such as "https://app.example", found "https://a.example/"',
  ],
  [
    'a public address with a fragment',
    http({ publicUrl: 'https://g/#x' }),
    'transport.http.publicUrl": expected the address that clients use, such as "https://gate.example/mcp", found "https://g/#x"',
  ],
  [
    'a certificate without its key',
    http({ tls: { cert: 'c' } }),
    'transport.http.tls.key": expected text, found nothing',
  ],
  [
    'an unknown limit',
    http({ limits: { body: 1 } }),
    'transport.http.limits.body": expected a known key, found an unknown one',
  ],
  [
    'a limit of nothing',
    http({ limits: { sessions: 0 } }),
    'transport.http.limits.sessions": expected at least 1, found 0',
  ],
  [
    'identities that fail open',
    { identity: { onError: 'open' } },
    'identity.onError": expected "closed", found "open"',
  ],
  [
    'keys that come in clear',
    ofIssuer({ jwksUri: 'http://idp.example/jwks' }),
    `identity.issuers[0].jwksUri": ${guarded} "http://idp.example/jwks"`,
  ],
  [
    'keys out of a file',
    ofIssuer({ jwksUri: 'file:///jwks' }),
    `identity.issuers[0].jwksUri": ${guarded} "file:///jwks"`,
  ],
  [
    'an issuer that is no address',
    ofIssuer({ issuer: 'idp' }),
    `identity.issuers[0].issuer": ${guarded} "idp"`,
  ],
  [
    'a token for anybody',
    ofIssuer({ audience: [] }),
    'identity.issuers[0].audience": expected at least 1, found a list',
  ],
  [
    'an audience that is no text',
    ofIssuer({ audience: 5 }),
    'identity.issuers[0].audience": expected a list, found 5',
  ],
  [
    'a signature with a shared secret',
    ofIssuer({ algorithms: ['HS256'] }),
    'identity.issuers[0].algorithms[0]": expected "RS256"',
  ],
  [
    'no signature',
    ofIssuer({ algorithms: ['none'] }),
    'identity.issuers[0].algorithms[0]": expected "RS256"',
  ],
  [
    'no algorithm',
    ofIssuer({ algorithms: [] }),
    'identity.issuers[0].algorithms": expected at least 1, found a list',
  ],
  [
    'an unknown claim',
    ofIssuer({ claims: { group: 'g' } }),
    'identity.issuers[0].claims.group": expected a known key, found an unknown one',
  ],
  [
    'an issuer twice',
    { identity: { issuers: [issuer, issuer] } },
    'identity.issuers[1].issuer": expected every issuer once, found "https://idp.example/"',
  ],
];

it.each(refused)('refused: %s', (_, file, message) => {
  const told = refusalOf(file);
  expect(told).toContain(`"${message}`);
  expect(told.split('\n')).toHaveLength(1);
  expect(told).not.toContain('hunter2');
});

function refusalOf(file: object): string {
  try {
    load(file);
  } catch (error) {
    if (error instanceof GateError) return error.message;
    throw error;
  }
  throw new Error('the config was accepted');
}
