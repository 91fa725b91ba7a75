import { createHash } from 'node:crypto';
import { exportSPKI, importJWK, SignJWT, UnsecuredJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import {
  type Claims,
  claimNames,
  door,
  issuer,
  keyServer,
  known,
  nowMs,
  signer,
} from './bearer-rig.ts';

const refused = { kind: 'unknown', error: 'invalid_token' };
const nowSeconds = nowMs / 1000;

/** An issuer with one key, and a gate that trusts it. */
async function house() {
  const server = await keyServer();
  const alice = await signer('key-0');
  server.publish([alice.publicJwk]);
  return { server, alice, gate: door(server.url) };
}

describe('a caller without a token', () => {
  const open = { tokens: new Map(), issuers: [], anonymous: true };
  const token = new Map([['ci', 'hunter2-hunter2-hunter2']]);

  it('is nobody that the gate vouches for, where callers may be anonymous', async () => {
    const identity = {
      type: 'identity',
      id: null,
      source: 'anonymous',
      verified: false,
      scope: 'anonymous',
    };
    expect(await door('', open).header(undefined)).toEqual({ kind: 'known', identity });
  });

  const rows = [
    { name: 'where they may not', options: { ...open, anonymous: false } },
    { name: 'where there are tokens', options: { ...open, tokens: token } },
  ];
  it.each(rows)('is not let in $name', async ({ options }) => {
    expect(await door('', options).header(undefined)).toEqual({
      kind: 'unknown',
      error: undefined,
    });
  });

  it('is not let in where there are issuers', async () => {
    const { gate } = await house();
    expect(await gate.header(undefined)).toEqual({ kind: 'unknown', error: undefined });
  });

  it('is not who shows one that nobody could check', async () => {
    const gate = door('', open);
    expect(await gate.ask('hunter2-hunter2-hunter2')).toEqual(refused);
    expect(gate.refusals).toEqual(['the token was refused: nobody has it']);
  });
});

describe('a token of the config', () => {
  const tokens = new Map([
    ['ci', 'hunter2-hunter2-hunter2'],
    ['alice@example.com', 'A1-._~+/b2c3d4e5f6=='],
  ]);
  const gate = () => door('', { tokens, issuers: [] });

  it('stands for its name, at once', () => {
    const answer = gate().raw('Bearer hunter2-hunter2-hunter2');
    const identity = {
      type: 'identity',
      id: 'ci',
      source: 'token',
      verified: true,
      scope: 'token:ci',
    };
    expect(answer).toEqual({ kind: 'known', identity });
  });

  const good = ['bearer hunter2-hunter2-hunter2', 'BEARER   hunter2-hunter2-hunter2 '];
  it.each(good)('is read from "%s"', async (header) => {
    expect(known(await gate().header(header)).id).toBe('ci');
  });

  it('may have every character that a bearer token may have', async () => {
    expect(known(await gate().ask('A1-._~+/b2c3d4e5f6==')).id).toBe('alice@example.com');
  });

  const bad = [
    'Bearer hunter2-hunter2-hunter',
    'Bearer hunter2-hunter2-hunter22',
    'Bearer hunter2-hunter2-hunter2, Bearer x',
    'Bearer',
    'Bearer ',
    '',
    'Basic hunter2-hunter2-hunter2',
    'hunter2-hunter2-hunter2',
    'Bearer ci',
    `Bearer ${'x'.repeat(20_000)}`,
  ];
  it.each(bad)('is not "%s"', async (header) => {
    const door = gate();
    expect(await door.header(header)).toEqual(refused);
    expect(door.refusals).toHaveLength(1);
    expect(door.refusals.join()).not.toContain('hunter2');
  });

  it('is asked of no issuer, and goes beside theirs', async () => {
    const { server, alice } = await house();
    const both = door(server.url, { tokens });
    expect(known(await both.ask('hunter2-hunter2-hunter2')).id).toBe('ci');
    expect(server.asked).toBe(0);
    expect(known(await both.ask(await alice.sign())).id).toBe('alice');
  });
});

describe('a token of an issuer', () => {
  it('stands for its subject, with what the issuer says of it', async () => {
    const { gate, alice } = await house();
    const token = await alice.sign({ groups: ['ops', 'dev'], roles: 'admin' });
    expect(known(await gate.ask(token))).toEqual({
      type: 'identity',
      id: 'alice',
      source: 'oidc',
      verified: true,
      scope: 'oidc:https%3A//idp.example/::alice',
      claims: {
        issuer,
        groups: ['ops', 'dev'],
        roles: ['admin'],
        tenant: null,
        department: null,
        region: null,
      },
    });
    expect(gate.refusals).toEqual([]);
  });

  const types = ['at+jwt', 'application/at+jwt', 'AT+JWT', 'JWT', undefined];
  it.each(types)('may be of type %s', async (typ) => {
    const { gate, alice } = await house();
    expect(known(await gate.ask(await alice.sign({}, { typ }))).id).toBe('alice');
  });

  const algorithms = ['RS256', 'PS256', 'EdDSA'];
  it.each(algorithms)('may be signed with %s', async (alg) => {
    const { server, gate } = await house();
    const other = await signer('other', alg);
    server.publish([other.publicJwk]);
    expect(known(await gate.ask(await other.sign())).id).toBe('alice');
  });

  it('may be meant for others as well', async () => {
    const { gate, alice } = await house();
    const aud = ['https://other.example', 'https://gate.example/mcp'];
    expect(known(await gate.ask(await alice.sign({ aud }))).id).toBe('alice');
  });

  it('counts for half a minute more, because clocks differ', async () => {
    const { gate, alice } = await house();
    const claims = { exp: nowSeconds - 29, nbf: nowSeconds + 29 };
    expect(known(await gate.ask(await alice.sign(claims))).id).toBe('alice');
  });

  const bad: [claim: string, claims: Claims, header: Record<string, unknown>, why: string][] = [
    ['is expired', { exp: nowSeconds - 31 }, {}, 'it has expired'],
    ['never expires', { exp: undefined }, {}, 'its claim "exp" is missing'],
    ['is not valid yet', { nbf: nowSeconds + 31 }, {}, 'its claim "nbf" is wrong'],
    ['is meant for another', { aud: 'https://gate.example' }, {}, 'its claim "aud" is wrong'],
    ['is meant for nobody', { aud: undefined }, {}, 'its claim "aud" is missing'],
    [
      'is of another issuer',
      { iss: 'https://evil.example/' },
      {},
      'it is of no issuer that is configured',
    ],
    [
      'is of an issuer by another spelling',
      { iss: 'https://idp.example' },
      {},
      'it is of no issuer that is configured',
    ],
    ['is of no issuer', { iss: undefined }, {}, 'it is of no issuer that is configured'],
    ['has no subject', { sub: undefined }, {}, 'it has no claim "sub"'],
    ['has an empty subject', { sub: '' }, {}, 'its claim "sub" is not a short text'],
    ['has an endless subject', { sub: 'x'.repeat(257) }, {}, 'its claim "sub" is not a short text'],
    [
      'has groups that are no texts',
      { groups: [1] },
      {},
      'its claim "groups" is not a list of at most 256 short texts',
    ],
    [
      'has too many groups',
      { groups: Array.from({ length: 257 }, String) },
      {},
      'its claim "groups" is not a list of at most 256 short texts',
    ],
    ['is an identity for another use', {}, { typ: 'logout+jwt' }, 'it is another type of token'],
    ['is a proof of possession', {}, { typ: 'dpop+jwt' }, 'it is another type of token'],
    [
      'needs a proof of possession',
      { cnf: { jkt: 'x' } },
      {},
      'it is bound to a key that a bearer cannot show',
    ],
    ['has a key that nobody published', {}, { kid: 'unknown' }, 'its key is none of the issuer'],
    ['demands what nobody understands', {}, { crit: ['x'], x: 1 }, 'it is not well formed'],
  ];
  it.each(bad)('does not count when it %s', async (_, claims, header, why) => {
    const { gate, alice } = await house();
    const token = await signed(alice, claims, header);
    expect(await gate.ask(token)).toEqual(refused);
    expect(gate.refusals).toEqual([`the token was refused: ${why}`]);
  });

  it('does not count when its signature is of another key by the same name', async () => {
    const { gate } = await house();
    const impostor = await signer('key-0');
    expect(await gate.ask(await impostor.sign())).toEqual(refused);
    expect(gate.refusals).toEqual(['the token was refused: its signature does not fit']);
  });

  it('does not count when a byte of it is another', async () => {
    const { gate, alice } = await house();
    const [header, payload, signature] = (await alice.sign()).split('.');
    const other = Buffer.from(payload ?? '', 'base64url')
      .toString()
      .replace('alice', 'admin');
    const forged = `${header}.${Buffer.from(other).toString('base64url')}.${signature}`;
    expect(await gate.ask(forged)).toEqual(refused);
  });

  it('does not count without a signature', async () => {
    const { gate } = await house();
    const claims = { iss: issuer, aud: 'https://gate.example/mcp', sub: 'alice' };
    const token = new UnsecuredJWT({ ...claims, exp: nowSeconds + 60 }).encode();
    expect(await gate.ask(token)).toEqual(refused);
    expect(await gate.ask(`${token}AA`)).toEqual(refused);
    expect(gate.refusals).toEqual(
      Array(2).fill('the token was refused: its algorithm is not allowed'),
    );
  });

  it('does not count when the public key was taken for a shared secret', async () => {
    const { server, gate } = await house();
    const rsa = await signer('rsa', 'RS256');
    server.publish([rsa.publicJwk]);
    const spki = await exportSPKI(await importPublic(rsa.publicJwk));
    for (const secret of [spki, spki.trim(), JSON.stringify(rsa.publicJwk)]) {
      const token = await new SignJWT({
        iss: issuer,
        aud: 'https://gate.example/mcp',
        sub: 'admin',
      })
        .setProtectedHeader({ alg: 'HS256', kid: 'rsa', typ: 'at+jwt' })
        .setExpirationTime(nowSeconds + 60)
        .sign(Buffer.from(secret));
      expect(await gate.ask(token)).toEqual(refused);
    }
    expect(new Set(gate.refusals)).toEqual(
      new Set(['the token was refused: its algorithm is not allowed']),
    );
  });

  it('does not count when its algorithm is one that the issuer does not use', async () => {
    const { server, alice } = await house();
    const strict = {
      issuer,
      jwksUri: server.url,
      audience: ['https://gate.example/mcp'],
      algorithms: ['RS256'],
      claims: claimNames,
    };
    const gate = door(server.url, { issuers: [strict] });
    expect(await gate.ask(await alice.sign())).toEqual(refused);
  });

  it('does not count with the keys of another issuer that is configured', async () => {
    const [one, other] = [await house(), await house()];
    const trusted = (iss: string, jwksUri: string) => ({
      issuer: iss,
      jwksUri,
      audience: ['https://gate.example/mcp'],
      algorithms: ['ES256'],
      claims: claimNames,
    });
    const issuers = [
      trusted(issuer, one.server.url),
      trusted('https://b.example/', other.server.url),
    ];
    const gate = door('', { issuers });
    expect(known(await gate.ask(await one.alice.sign())).id).toBe('alice');
    expect(await gate.ask(await one.alice.sign({ iss: 'https://b.example/' }))).toEqual(refused);
    const theirs = known(await gate.ask(await other.alice.sign({ iss: 'https://b.example/' })));
    expect(theirs.scope).toBe('oidc:https%3A//b.example/::alice');
  });

  const garbage = ['a.b.c', 'a.b.c.d.e', 'eyJhbGciOiJFUzI1NiJ9.e30.AA', 'eyJ.eyJ', '.', '..'];
  it.each(garbage)('is not "%s"', async (token) => {
    const { gate, server } = await house();
    expect(await gate.ask(token)).toEqual(refused);
    expect(server.asked).toBe(0);
  });

  it('is never in what the log is told', async () => {
    const { gate, alice } = await house();
    const token = await alice.sign({ sub: 'hunter2', exp: nowSeconds - 60, jti: 'hunter2' });
    await gate.ask(token);
    expect(gate.refusals.join()).not.toMatch(/hunter2|eyJ/);
  });
});

describe('what an issuer says', () => {
  const names = {
    subject: 'email',
    groups: '/resource/a~1b~0/groups',
    roles: 'https://gate.example/roles',
    tenant: 'tid',
    department: 'dep',
    region: '/address/region',
  };

  async function identityOf(claims: Claims) {
    const { server, alice } = await house();
    const trusted = {
      issuer,
      jwksUri: server.url,
      audience: ['https://gate.example/mcp'],
      algorithms: ['ES256'],
      claims: names,
    };
    return known(await door('', { issuers: [trusted] }).ask(await alice.sign(claims)));
  }

  it('is found where the operator says, also deep in the claims', async () => {
    const identity = await identityOf({
      email: 'alice@example.com',
      resource: { 'a/b~': { groups: ['g'] } },
      'https://gate.example/roles': ['r'],
      tid: 't1',
      dep: 'it',
      address: { region: 'eu' },
    });
    expect(identity.id).toBe('alice@example.com');
    expect(identity.claims).toEqual({
      issuer,
      groups: ['g'],
      roles: ['r'],
      tenant: 't1',
      department: 'it',
      region: 'eu',
    });
  });

  it('is nothing where it is not said, or only by the prototype', async () => {
    const { claims } = await identityOf({ email: 'a', resource: {}, address: 'x', tid: null });
    expect(claims).toEqual({
      issuer,
      groups: [],
      roles: [],
      tenant: null,
      department: null,
      region: null,
    });
  });

  it('keeps callers apart that could be confused', async () => {
    const scopes = await Promise.all(
      [
        { email: 'x', tid: 't' },
        { email: 't:x' },
        { email: 'x', tid: 't:' },
        { email: ':x', tid: 't' },
        { email: 'x', tid: 't%3A' },
      ].map(async (claims) => (await identityOf(claims)).scope),
    );
    expect(new Set(scopes).size).toBe(scopes.length);
  });
});

describe('a token that was verified', () => {
  it('is known at once the next time', async () => {
    const { gate, alice, server } = await house();
    const token = await alice.sign();
    const first = await gate.ask(token);
    expect(first).toMatchObject({ kind: 'known', expiresMs: nowMs + 3_600_000 });
    server.answer = { status: 500, body: '' };
    const again = gate.raw(`Bearer ${token}`);
    expect(again).toEqual(first);
    expect(server.asked).toBe(1);
  });

  it('is verified again after five minutes', async () => {
    const { gate, alice } = await house();
    const token = await alice.sign();
    await gate.ask(token);
    gate.now += 299_999;
    expect(gate.raw(`Bearer ${token}`)).not.toBeInstanceOf(Promise);
    gate.now += 1;
    expect(gate.raw(`Bearer ${token}`)).toBeInstanceOf(Promise);
  });

  it('is not known beyond its end', async () => {
    const { gate, alice } = await house();
    const token = await alice.sign({ exp: nowSeconds + 10 });
    known(await gate.ask(token));
    gate.now += 41_000;
    expect(await gate.ask(token)).toEqual(refused);
  });

  it('makes room when there are many', async () => {
    const { server, alice } = await house();
    const gate = door(server.url, { limits: { cacheEntries: 2 } });
    const tokens = await Promise.all(['a', 'b', 'c'].map((sub) => alice.sign({ sub })));
    for (const token of tokens) await gate.ask(token);
    const isKept = tokens.map((token) => !(gate.raw(`Bearer ${token}`) instanceof Promise));
    expect(isKept).toEqual([false, true, true]);
  });
});

describe('the keys of an issuer', () => {
  it('are fetched when the first token comes, once for all that wait', async () => {
    const { gate, alice, server } = await house();
    expect(server.asked).toBe(0);
    const tokens = await Promise.all(['a', 'b', 'c'].map((sub) => alice.sign({ sub })));
    const answers = await Promise.all(tokens.map((token) => gate.ask(token)));
    expect(answers.map((answer) => known(answer).id)).toEqual(['a', 'b', 'c']);
    expect(server.asked).toBe(1);
  });

  it('are fetched again for a key that is new, and the old one counts no more', async () => {
    const { server, alice } = await house();
    const gate = door(server.url, { limits: { refetchMs: 0 } });
    known(await gate.ask(await alice.sign()));
    const next = await signer('next');
    server.publish([next.publicJwk]);
    expect(known(await gate.ask(await next.sign())).id).toBe('alice');
    expect(await gate.ask(await alice.sign({ jti: 'later' }))).toEqual(refused);
  });

  it('are not fetched again for every key that somebody makes up', async () => {
    const { server, gate, alice } = await house();
    for (const kid of ['a', 'b', 'c', 'd']) await gate.ask(await alice.sign({}, { kid }));
    expect(server.asked).toBe(1);
  });

  const broken: [claim: string, answer: { status: number; body: string }][] = [
    ['the address fails', { status: 500, body: '' }],
    ['the address leads elsewhere', { status: 302, body: '' }],
    ['the address has nothing', { status: 204, body: '' }],
    ['the answer is no JSON', { status: 200, body: '<html>' }],
    ['the answer is no set of keys', { status: 200, body: '{"keys":1}' }],
    ['the answer is endless', { status: 200, body: `{"keys":[]}${' '.repeat(2 * 1024 * 1024)}` }],
  ];
  it.each(broken)('that cannot be had let nobody in: %s', async (_, answer) => {
    const { server, gate, alice } = await house();
    server.answer = answer;
    expect(await gate.ask(await alice.sign())).toEqual({ kind: 'unavailable' });
    expect(gate.refusals).toEqual([`the keys of "${issuer}" cannot be fetched`]);
  });

  it('that nobody serves let nobody in', async () => {
    const alice = await signer('key-0');
    const gate = door('http://127.0.0.1:1/jwks');
    expect(await gate.ask(await alice.sign())).toEqual({ kind: 'unavailable' });
  });

  it('are not asked for again at once when they could not be had, and then are', async () => {
    const { server, gate, alice } = await house();
    const { answer } = server;
    server.answer = { status: 500, body: '' };
    for (let round = 0; round < 4; round += 1) {
      expect((await gate.ask(await alice.sign())).kind).toBe('unavailable');
    }
    expect(server.asked).toBe(1);
    server.answer = answer;
    gate.now += 5_000;
    expect(known(await gate.ask(await alice.sign())).id).toBe('alice');
  });

  it('that are here go on to count while new ones cannot be had', async () => {
    const { server, alice } = await house();
    const gate = door(server.url, { limits: { refetchMs: 0 } });
    known(await gate.ask(await alice.sign()));
    server.answer = { status: 500, body: '' };
    for (const kid of ['x', 'y', 'z']) {
      expect((await gate.ask(await alice.sign({}, { kid }))).kind).toBe('unavailable');
    }
    expect(server.asked).toBe(2);
    expect(known(await gate.ask(await alice.sign({ sub: 'bob' }))).id).toBe('bob');
  });
});

/** A token with this header, also with one that `SignJWT` would refuse to sign. */
async function signed(
  by: Awaited<ReturnType<typeof signer>>,
  claims: Claims,
  header: Record<string, unknown>,
): Promise<string> {
  if (header['crit'] === undefined) return by.sign(claims, header);
  const [, payload] = (await by.sign(claims)).split('.');
  const head = Buffer.from(JSON.stringify({ alg: 'ES256', kid: 'key-0', ...header }));
  const digest = createHash('sha256').update(head).digest('base64url');
  return `${head.toString('base64url')}.${payload}.${digest}`;
}

async function importPublic(jwk: object) {
  const key = await importJWK(jwk, 'RS256', { extractable: true });
  if (key instanceof Uint8Array) throw new Error('a public key was expected');
  return key;
}
