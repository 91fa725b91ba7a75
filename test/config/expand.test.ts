// biome-ignore-all lint/suspicious/noTemplateCurlyInString: config files have this notation
import { expect, it } from 'vitest';
import { expandPaths, expandServer, expandServing } from '../../src/config/expand.ts';
import type { Problem } from '../../src/config/problem.ts';

const env = { HOST: 'example.com', EMPTY: '', NESTED: '${HOST}', DOLLARS: "$& $1 $'" };

const values: [claim: string, text: string, expanded: string][] = [
  ['a variable is filled in', 'https://${HOST}/x', 'https://example.com/x'],
  ['the form of Cursor and VS Code is understood', '${env:HOST}', 'example.com'],
  ['several are filled in', '${HOST}:${HOST}', 'example.com:example.com'],
  ['a default stands in for an unset variable', '${UNSET:-localhost}', 'localhost'],
  ['a default stands in for an empty variable', '${EMPTY:-localhost}', 'localhost'],
  ['a default may be empty', 'a${UNSET:-}b', 'ab'],
  ['a default may hold a colon', '${UNSET:-http://x:1}', 'http://x:1'],
  ['a default with the other form', '${env:UNSET:-d}', 'd'],
  ['a set variable goes before its default', '${HOST:-localhost}', 'example.com'],
  ['an empty variable without default is empty', '[${EMPTY}]', '[]'],
  ['a bare $NAME is never a variable', '$HOST and $$', '$HOST and $$'],
  ['an unclosed brace is text', 'a ${HOST', 'a ${HOST'],
  ['what a variable holds is not expanded again', '${NESTED}', '${HOST}'],
  ['what a variable holds is no replacement pattern', '${DOLLARS}', "$& $1 $'"],
];

it.each(values)('%s', (_, text, expanded) => {
  const problems: Problem[] = [];
  const entry = expandServer({ command: text }, ['mcpServers', 'a'], env, (p) => problems.push(p));
  expect(entry).toEqual({ command: expanded });
  expect(problems).toEqual([]);
});

it('variables are filled in where a server is started or reached, and nowhere else', () => {
  const entry = {
    command: '${HOST}',
    args: ['${HOST}', 1],
    env: { '${HOST}': '${HOST}', N: null },
    envFile: '${HOST}',
    cwd: '${HOST}',
    url: '${HOST}',
    headers: { H: '${HOST}' },
    oauth: { clientId: '${HOST}', scopes: ['x'] },
    type: '${HOST}',
    gate: { mode: '${HOST}' },
  };
  const filled = expandServer(entry, [], env, () => {});
  const host = 'example.com';
  expect(filled).toEqual({
    command: host,
    args: [host, 1],
    env: { '${HOST}': host, N: null },
    envFile: host,
    cwd: host,
    url: host,
    headers: { H: host },
    oauth: { clientId: host, scopes: ['x'] },
    type: '${HOST}',
    gate: { mode: '${HOST}' },
  });
});

it('of the file itself only paths are filled in', () => {
  const file = {
    mode: '${HOST}',
    environment: '${HOST}',
    stateDir: '/${HOST}',
    workspace: '/${HOST}',
    policy: { dir: '/${HOST}', bundle: '/${HOST}', isolation: '${HOST}' },
    mcpServers: { a: { command: '${HOST}' } },
  };
  const path = '/example.com';
  expect(expandPaths(file, env, () => {})).toEqual({
    ...file,
    stateDir: path,
    workspace: path,
    policy: { dir: path, bundle: path, isolation: '${HOST}' },
  });
});

it('of how the gate is reached, addresses, tokens and issuers are filled in', () => {
  const http = {
    host: '${HOST}',
    publicUrl: 'https://${HOST}/mcp',
    tls: { cert: '${HOST}' },
    tokens: { ci: '${HOST}' },
    path: '${HOST}',
  };
  const issuer = { issuer: '${HOST}', jwksUri: '${HOST}', audience: ['${HOST}'], claims: {} };
  const file = { transport: { http }, identity: { required: true, issuers: [issuer, 1] } };
  const host = 'example.com';
  expect(expandServing(file, env, () => {})).toEqual({
    transport: {
      http: {
        host,
        publicUrl: 'https://example.com/mcp',
        tls: { cert: host },
        tokens: { ci: host },
        path: '${HOST}',
      },
    },
    identity: {
      required: true,
      issuers: [{ issuer: host, jwksUri: host, audience: [host], claims: {} }, 1],
    },
  });
});

it('a variable that is not set is told at its place among the tokens and issuers', () => {
  const paths: unknown[] = [];
  const file = {
    transport: { http: { tokens: { ci: '${NOPE}' } } },
    identity: { issuers: [{}, { issuer: '${NOPE}' }] },
  };
  expandServing(file, env, ({ path }) => paths.push(path.join('.')));
  expect(paths).toEqual(['transport.http.tokens.ci', 'identity.issuers.1.issuer']);
});

const faults: [claim: string, text: string, problem: Problem][] = [
  [
    'an unset variable without default is an error that names it',
    'x ${NOPE}',
    {
      path: ['mcpServers', 'a', 'args', 1],
      expected: 'the environment variable "NOPE"',
      found: 'no such variable',
      hint: 'set NOPE, or give a default: ${NOPE:-default}',
    },
  ],
  [
    'a prompt of VS Code cannot be asked here',
    '${input:token}',
    {
      path: ['mcpServers', 'a', 'args', 1],
      expected: '"${NAME}", "${NAME:-default}" or "${env:NAME}"',
      found: 'another form of variable',
      hint: 'write the value itself, or name an environment variable',
    },
  ],
];

it.each(faults)('%s', (_, text, problem) => {
  const problems: Problem[] = [];
  const path = ['mcpServers', 'a'];
  expandServer({ command: 'x', args: ['y', text] }, path, env, (p) => problems.push(p));
  expect(problems).toEqual([problem]);
});
