// biome-ignore-all lint/suspicious/noTemplateCurlyInString: config files have this notation
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { serverSpecs } from '../../src/cli/server-specs.ts';
import type { Config, ServerConfig } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load.ts';
import { GateError } from '../../src/core/errors.ts';
import { scratch } from './scratch.ts';

const env = { TOKEN: 'hunter2', HOST: 'tools.example', EVIL: 'http://tools.example/?key=hunter2' };

function load(entry: object, servers: 'expand' | 'literal' = 'expand'): Config {
  const file = scratch().write('c.json', JSON.stringify({ mcpServers: { r: entry } }));
  return loadConfig(file, { env, servers });
}

function remote(entry: object): ServerConfig | undefined {
  return load(entry).servers.get('r');
}

const url = 'https://tools.example/mcp';
const http = { kind: 'remote', type: 'http', url, headers: {}, oauth: undefined };

const accepted: [claim: string, entry: object, expected: object][] = [
  ['a url alone is Streamable HTTP', { url }, http],
  ['type http', { type: 'http', url }, http],
  ['type streamable-http', { type: 'streamable-http', url }, http],
  ['type streamableHttp', { type: 'streamableHttp', url }, http],
  ['httpUrl', { httpUrl: url }, http],
  ['serverUrl', { serverUrl: url }, http],
  ['sse only where it is said', { type: 'sse', url }, { ...http, type: 'sse' }],
  [
    'variables in the address and the headers',
    { url: 'https://${HOST}/mcp', headers: { Authorization: 'Bearer ${TOKEN}' } },
    { ...http, headers: { Authorization: 'Bearer hunter2' } },
  ],
  [
    'an OAuth client',
    { url, oauth: { clientId: 'gate', clientSecret: '${TOKEN}', scopes: ['read'] } },
    {
      ...http,
      oauth: {
        clientId: 'gate',
        clientSecret: 'hunter2',
        issuer: undefined,
        scopes: ['read'],
      },
    },
  ],
  [
    'an OAuth client of one authorization server alone',
    { url, oauth: { clientId: 'gate', issuer: 'https://${HOST}/tenant' } },
    {
      ...http,
      oauth: {
        clientId: 'gate',
        clientSecret: undefined,
        issuer: 'https://tools.example/tenant',
        scopes: [],
      },
    },
  ],
  [
    'an OAuth client of which nothing is known yet',
    { url, oauth: {} },
    {
      ...http,
      oauth: { clientId: undefined, clientSecret: undefined, issuer: undefined, scopes: [] },
    },
  ],
  ['what a client keeps for itself', { url, timeout: 5, authProviderType: 'x' }, http],
  [
    'secrets in clear to this machine',
    { url: 'http://127.0.0.1:3000/mcp', headers: { 'X-Key': 'k' } },
    { ...http, url: 'http://127.0.0.1:3000/mcp', headers: { 'X-Key': 'k' } },
  ],
  ['an address in clear without secrets', { url: 'http://h/x' }, { ...http, url: 'http://h/x' }],
  [
    'secrets in clear where the operator says so',
    { url: 'http://h/x', headers: { 'X-Key': 'k' }, gate: { insecure: true } },
    { ...http, url: 'http://h/x', headers: { 'X-Key': 'k' } },
  ],
  [
    'settings of the gate',
    { url, gate: { protocol: 'modern', prefix: false, trusted: true, mode: 'observe' } },
    { gate: { protocol: 'modern', prefix: false, trusted: true, mode: 'observe' } },
  ],
];

describe('a remote server is taken:', () => {
  it.each(accepted)('%s', (_, entry, expected) => expect(remote(entry)).toMatchObject(expected));
});

it('a setting that only the check of the file needs is none of the server', () => {
  expect(Object.keys(remote({ url, gate: { insecure: true } })?.gate ?? {})).not.toContain(
    'insecure',
  );
});

it('a process may speak any era as well', () => {
  expect(remote({ command: 'x', gate: { protocol: 'modern' } })).toMatchObject({
    kind: 'process',
    gate: { protocol: 'modern' },
  });
});

const isWeb =
  'expected an "http:" or "https:" address without user and password, found another text';
const isSafe =
  'expected an "https:" address for a server that is given secrets, found an "http:" one beyond this machine';
const isOwn = 'expected a header that the gate does not send itself, found another one';

const refused: [claim: string, entry: object, message: string][] = [
  [
    'an unknown type',
    { type: 'ws', url },
    'r.type": expected "stdio", "http" or "sse", found another type',
  ],
  [
    'a type that is no text',
    { type: 1, url },
    'r.type": expected "stdio", "http" or "sse", found another type',
  ],
  [
    'a type out of the prototype',
    { type: 'toString', url },
    'r.type": expected "stdio", "http" or "sse", found another type',
  ],
  [
    'a remote type without an address',
    { type: 'http' },
    'r.url": expected the address of the server, found nothing',
  ],
  [
    'a process with an address',
    { type: 'stdio', command: 'x', url },
    'r.url": expected a server that is started by "command", found an address',
  ],
  [
    'both a command and an address',
    { command: 'x', url },
    'r.command": expected either "command" or "url", found both',
  ],
  [
    'two addresses',
    { url, httpUrl: url },
    'r.httpUrl": expected "url" alone, found a second address',
  ],
  ['an address that is none', { url: 'tools.example' }, `r.url": ${isWeb}`],
  ['an address of another kind', { httpUrl: 'file:///etc/passwd' }, `r.httpUrl": ${isWeb}`],
  ['an address with a password', { url: 'https://u:hunter2@h/' }, `r.url": ${isWeb}`],
  ['an address that is no text', { url: 5 }, 'r.url": expected text, found a number'],
  [
    'secrets in headers in clear',
    { url: 'http://h/', headers: { 'X-Key': 'k' } },
    `r.url": ${isSafe}`,
  ],
  ['a secret in a query in clear', { url: '${EVIL}' }, `r.url": ${isSafe}`],
  ['OAuth in clear', { url: 'http://h/', oauth: {} }, `r.url": ${isSafe}`],
  [
    'a name that only begins like this machine',
    { url: 'http://127.0.0.1.evil.example/', oauth: {} },
    `r.url": ${isSafe}`,
  ],
  [
    'a header of the protocol',
    { url, headers: { 'Mcp-Session-Id': '1' } },
    `r.headers.Mcp-Session-Id": ${isOwn}`,
  ],
  ['a header of the connection', { url, headers: { HOST: 'x' } }, `r.headers.HOST": ${isOwn}`],
  [
    'a header over two lines',
    { url, headers: { A: 'hunter2\r\nB: x' } },
    'r.headers.A": expected a header value on one line, found another one',
  ],
  [
    'a header twice',
    { url, headers: { A: 'x', a: 'y' } },
    'r.headers.a": expected every header once, found another one',
  ],
  [
    'a header with no name',
    { url, headers: { 'A B': 'x' } },
    'r.headers."A B"": expected a header name, found another one',
  ],
  [
    'a header that is no text',
    { url, headers: { A: 1 } },
    'r.headers.A": expected text, found a number',
  ],
  [
    'an unknown member of oauth',
    { url, oauth: { secret: 'hunter2' } },
    'r.oauth.secret": expected a known key, found an unknown one',
  ],
  [
    'an unknown setting',
    { url, gate: { insecur: true } },
    'r.gate.insecur": expected a known key, found an unknown one',
  ],
  [
    'the setting of a remote server on a process',
    { command: 'x', gate: { insecure: true } },
    'r.gate.insecure": expected a known key, found an unknown one',
  ],
];

it.each(refused)('refused: %s', (_, entry, message) => {
  const told = refusalOf(entry);
  expect(told).toContain(`"mcpServers.${message}`);
  expect(told.split('\n')).toHaveLength(1);
  expect(told).not.toContain('hunter2');
});

it('who only reads the state needs no variable of a remote server', () => {
  const server = load({ url: '${UNSET}', headers: { A: '${UNSET}' } }, 'literal').servers.get('r');
  expect(server).toMatchObject({ kind: 'remote', url: '${UNSET}' });
});

it('the servers are handed on with what their kind needs, tokens of one config apart from others', () => {
  const file = scratch().write(
    'c.json',
    JSON.stringify({
      stateDir: './state',
      mcpServers: {
        p: { command: 'x', args: ['y'], gate: { prefix: false, protocol: 'legacy' } },
        r: { url, type: 'sse', headers: { A: 'k' }, oauth: {} },
      },
    }),
  );
  const config = loadConfig(file, { env, servers: 'expand' });
  expect(serverSpecs(config)).toEqual([
    {
      kind: 'process',
      key: 'p',
      prefix: false,
      protocol: 'legacy',
      initTimeoutMs: 60_000,
      command: 'x',
      args: ['y'],
      env: {},
      cwd: dirname(file),
    },
    {
      kind: 'remote',
      key: 'r',
      prefix: true,
      protocol: 'auto',
      initTimeoutMs: 60_000,
      url,
      transport: 'sse',
      headers: { A: 'k' },
      oauth: { clientId: undefined, clientSecret: undefined, issuer: undefined, scopes: [] },
      tokenDir: join(dirname(file), 'state', 'oauth', config.gate),
    },
  ]);
});

function refusalOf(entry: object): string {
  try {
    load(entry);
  } catch (error) {
    if (error instanceof GateError) return error.message;
    throw error;
  }
  throw new Error('the config was accepted');
}
