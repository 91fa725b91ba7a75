import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { missingScope } from '../../../src/upstream/http/oauth/challenge.ts';
import { login } from '../../../src/upstream/http/oauth/login.ts';
import type { RemoteSpec } from '../../../src/upstream/server-spec.ts';
import { call, scratchFolder, until } from '../rig.ts';
import { authorizationServer, guarded } from './authorization-server.ts';
import { remote, remoteSpec } from './rig.ts';

it('what a server has missed is asked for at the next login, beside what was asked before', async () => {
  const auth = await authorizationServer();
  let challenge: string | undefined = 'Bearer error="insufficient_scope", scope="files:write"';
  const far = await guarded(auth.issuer, auth.valid, () => challenge);
  const tokenDir = path.join(scratchFolder(), 'tokens');
  const spec = remoteSpec(far.url, { tokenDir });
  const file = path.join(tokenDir, 'far.json');
  const logIn = () => scopeAsked(spec, (url) => auth.browse(url));

  expect(await logIn()).toBe('tools files');
  const rig = remote(spec.url, { spec });
  const connection = await rig.connected();
  expect(await call(connection, 'any')).toMatchObject({ kind: 'unsent' });
  await until('the note', () => JSON.parse(readFileSync(file, 'utf8'))['missed'] === 'files:write');

  // Tokens without a person are as before: nobody has said yes to more.
  auth.valid.clear();
  challenge = undefined;
  expect((await call(connection, 'any')).kind).toBe('answered');
  const renewed = auth.peer.seen.findLast(({ path: asked }) => asked === '/token');
  expect(String(renewed?.body['text'])).not.toContain('write');

  expect(await logIn()).toBe('tools files files:write');
  expect(JSON.parse(readFileSync(file, 'utf8'))).not.toHaveProperty('missed');
});

it.each([
  ['what it names', 'Bearer error="insufficient_scope", scope="a b"', 'a b'],
  ['nothing for another error', 'Bearer error="invalid_token", scope="a"', undefined],
  ['nothing where it names none', 'Bearer error="insufficient_scope"', undefined],
  [
    'nothing that is too long',
    `Bearer error="insufficient_scope", scope="${'a'.repeat(1001)}"`,
    undefined,
  ],
  ['nothing where it says nothing', undefined, undefined],
])('a server misses %s', (_, header, scope) => {
  expect(missingScope(header)).toBe(scope);
});

async function scopeAsked(
  spec: RemoteSpec,
  browse: (url: string) => Promise<number>,
): Promise<string | null> {
  let scope: string | null = null;
  await login(spec, {
    port: 0,
    timeoutMs: 5_000,
    print: (url) => {
      scope = new URL(url).searchParams.get('scope');
      void browse(url);
    },
  });
  return scope;
}
