import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { onTestFinished } from 'vitest';
import { type Authentication, type BearerOptions, createBearer } from '../../src/facts/bearer.ts';

export const issuer = 'https://idp.example/';
export const audience = 'https://gate.example/mcp';
export const nowMs = Date.UTC(2026, 0, 1);
export const claimNames = {
  subject: 'sub',
  groups: 'groups',
  roles: 'roles',
  tenant: undefined,
  department: undefined,
  region: undefined,
};

/** What the issuer's address answers, and how often it was asked. */
export interface KeyServer {
  readonly url: string;
  answer: { readonly status: number; readonly body: string };
  asked: number;
  publish(keys: readonly JWK[]): void;
}

export async function keyServer(): Promise<KeyServer> {
  const server = createServer((_, response) => {
    state.asked += 1;
    response.writeHead(state.answer.status, { Location: '/elsewhere' }).end(state.answer.body);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address: AddressInfo | string | null = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no address');
  const state: KeyServer = {
    url: `http://127.0.0.1:${address.port}/jwks`,
    answer: { status: 200, body: '{"keys":[]}' },
    asked: 0,
    publish(keys) {
      state.answer = { status: 200, body: JSON.stringify({ keys }) };
    },
  };
  return state;
}

export type Claims = Readonly<Record<string, unknown>>;

export interface Signer {
  readonly publicJwk: JWK;
  readonly privateKey: CryptoKey;
  /** A member that is undefined is left out. */
  sign(claims?: Claims, header?: Record<string, unknown>): Promise<string>;
}

export async function signer(kid: string, alg = 'ES256'): Promise<Signer> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const publicJwk = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' };
  return {
    publicJwk,
    privateKey,
    sign: (claims = {}, header = {}) =>
      new SignJWT(JSON.parse(JSON.stringify({ ...standard, ...claims })))
        .setProtectedHeader({ alg, kid, typ: 'at+jwt', ...header })
        .sign(privateKey),
  };
}

const standard = { iss: issuer, aud: audience, sub: 'alice', exp: nowMs / 1000 + 3600 };

export interface Door {
  readonly refusals: string[];
  /** What the gate takes the time to be. */
  now: number;
  ask(token: string): Promise<Authentication>;
  header(header: string | undefined): Promise<Authentication>;
  raw(header: string | undefined): ReturnType<ReturnType<typeof createBearer>>;
}

export function door(jwksUri: string, options: Partial<BearerOptions> = {}): Door {
  const refusals: string[] = [];
  const trusted = { issuer, jwksUri, audience: [audience], algorithms, claims: claimNames };
  const authenticate = createBearer({
    tokens: new Map(),
    issuers: [trusted],
    anonymous: false,
    clock: () => state.now,
    onRefused: (reason) => refusals.push(reason),
    ...options,
  });
  const state: Door = {
    refusals,
    now: nowMs,
    ask: async (token) => authenticate(`Bearer ${token}`),
    header: async (header) => authenticate(header),
    raw: authenticate,
  };
  return state;
}

export const algorithms = ['RS256', 'PS256', 'ES256', 'EdDSA'];

export function known(answer: Authentication) {
  if (answer.kind !== 'known') throw new Error(`expected to be known, got "${answer.kind}"`);
  return answer.identity;
}
