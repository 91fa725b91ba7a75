// biome-ignore-all lint/suspicious/noTemplateCurlyInString: config files have this notation
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { scratch } from './scratch.ts';

function load(
  text: string,
  env: Record<string, string> = {},
  servers: 'expand' | 'literal' = 'expand',
) {
  const file = scratch().write('mcp-config.json', text);
  return { folder: dirname(file), config: loadConfig(file, { env, servers }) };
}

it('a file with servers alone enforces, keeps what is captured for 30 days and holds a call for 40 seconds', () => {
  const { folder, config } = load('{"mcpServers": {"files": {"command": "node"}}}');
  expect(config).toEqual({
    file: join(folder, 'mcp-config.json'),
    gate: expect.stringMatching(/^[0-9a-f]{16}$/),
    mode: 'enforce',
    environment: 'default',
    stateDir: join(homedir(), '.mcp-gate'),
    servers: new Map([
      [
        'files',
        {
          kind: 'process',
          command: 'node',
          args: [],
          env: {},
          cwd: folder,
          gate: {
            prefix: true,
            protocol: 'auto',
            schema: 'enforce',
            trusted: false,
            mode: undefined,
            approval: undefined,
            environment: undefined,
            labels: [],
            cost: {},
            tools: new Map(),
          },
        },
      ],
    ]),
    policy: {
      dir: undefined,
      bundle: undefined,
      isolation: 'inline',
      timeoutMs: 250,
      memoryPages: 256,
    },
    approvals: {
      mode: 'auto_execute',
      expiresInMs: 900_000,
      quorum: 1,
      requireCredential: false,
      hold: { defaultMs: 40_000, clientsMs: new Map() },
      notify: [],
      rounds: new Map(),
      elicit: new Map(),
      page: undefined,
      tasks: new Map(),
    },
    budgets: [],
    idempotency: { expiresInMs: 86_400_000 },
    identity: { required: false, issuers: [] },
    workspace: undefined,
    journal: { capture: 'input', retentionMs: 2_592_000_000, durability: 'power' },
    transport: {
      http: {
        host: '127.0.0.1',
        port: 8787,
        path: '/mcp',
        sse: false,
        allowedHosts: [],
        allowedOrigins: [],
        publicUrl: undefined,
        tls: undefined,
        limits: {
          bodyBytes: 67_108_864,
          connections: 4096,
          sessions: 1000,
          sessionsPerCaller: 200,
          streamsPerCaller: 400,
          requestsPerCaller: 1024,
          sessionIdleMs: 1_800_000,
          pools: 64,
          poolsPerCaller: 32,
          poolsReserved: 16,
          unreadBytes: 16_777_216,
          unreadsBytes: 536_870_912,
          poolIdleMs: 60_000,
        },
        tokens: new Map(),
      },
    },
  });
});

it('comments, trailing commas and a byte order mark are allowed', () => {
  const { config } = load('\uFEFF// mine\n{"mcpServers": {"a": {"command": "x", /* y */},},}');
  expect([...config.servers.keys()]).toEqual(['a']);
});

it('an entry may be pasted from a client: what the client keeps in it for itself is ignored', () => {
  const { config } = load(`{"$schema": "https://example.com/s.json", "servers": {
    "a": {"type": "stdio", "command": "x", "autoApprove": ["read"], "alwaysAllow": true,
      "timeout": 60, "icon": {"src": "i.png"}, "disabled": false,
      "env": {"PORT": 8080, "DEBUG": true, "NONE": null}},
    "b": {"command": "y", "disabled": true, "env": {"TOKEN": "\${UNSET}"}, "gate": {"typo": 1}},
    "c": {"type": "http", "url": "https://example.com/", "disabled": true}
  }}`);
  expect([...config.servers.keys()]).toEqual(['a']);
  expect(config.servers.get('a')).toMatchObject({ env: { PORT: '8080', DEBUG: 'true' } });
});

const paths: [claim: string, text: string, pick: string, expected: (folder: string) => string][] = [
  [
    'a relative policy folder',
    '"policy": {"dir": "./policies"}',
    'policy',
    (f) => join(f, 'policies'),
  ],
  [
    'a relative bundle',
    '"policy": {"bundle": "b/bundle.tar.gz"}',
    'bundle',
    (f) => join(f, 'b/bundle.tar.gz'),
  ],
  ['a relative workspace', '"workspace": "../w"', 'workspace', (f) => join(f, '../w')],
  ['a relative state folder', '"stateDir": "state"', 'stateDir', (f) => join(f, 'state')],
];

it.each(paths)('%s is resolved against the folder of the file', (_, text, pick, expected) => {
  const { folder, config } = load(`{"mcpServers": {}, ${text}}`);
  const { policy, workspace, stateDir } = config;
  const found = { policy: policy.dir, bundle: policy.bundle, workspace, stateDir };
  expect(Object.entries(found).find(([name]) => name === pick)?.[1]).toBe(expected(folder));
});

it('~/ is the home folder', () => {
  const { config } = load('{"mcpServers": {}, "workspace": "~/work", "stateDir": "~/gate"}');
  expect([config.workspace, config.stateDir]).toEqual([
    join(homedir(), 'work'),
    join(homedir(), 'gate'),
  ]);
});

it('MCP_GATE_HOME goes before the state folder of the file', () => {
  const home = scratch().dir;
  const { config } = load('{"mcpServers": {}, "stateDir": "state"}', { MCP_GATE_HOME: home });
  expect(config.stateDir).toBe(home);
});

const commands: [claim: string, command: string, expected: (folder: string) => string][] = [
  ['a bare command is left to PATH', 'npx', () => 'npx'],
  [
    'a command with a separator stands beside the file',
    './bin/server',
    (f) => join(f, 'bin/server'),
  ],
  [
    'a command below the home folder is found there',
    '~/bin/server',
    () => join(homedir(), 'bin/server'),
  ],
  ['an absolute command is kept', '/usr/bin/env', () => '/usr/bin/env'],
];

it.each(commands)('%s', (_, command, expected) => {
  const { folder, config } = load(
    JSON.stringify({ mcpServers: { a: { command, args: ['./x', '~/y'], cwd: './sub' } } }),
  );
  expect(config.servers.get('a')).toMatchObject({
    command: expected(folder),
    args: ['./x', '~/y'],
    cwd: join(folder, 'sub'),
  });
});

it('an environment file is read, and the entry itself goes before it', () => {
  const { dir, write } = scratch();
  write('a.env', 'TOKEN=from-file\nMODE="x y"\n');
  const file = write(
    'mcp-config.json',
    '{"mcpServers": {"a": {"command": "x", "envFile": "a.env", "env": {"TOKEN": "own"}}}}',
  );
  const config = loadConfig(file, { env: {}, servers: 'expand' });
  expect(config.servers.get('a')).toMatchObject({ env: { TOKEN: 'own', MODE: 'x y' }, cwd: dir });
});

it('for commands that only read the state, a variable of a server need not be set', () => {
  const text =
    '{"mcpServers": {"a": {"command": "x", "env": {"TOKEN": "${TOKEN}"}}}, "environment": "dev"}';
  const { config } = load(text, {}, 'literal');
  expect(config.environment).toBe('dev');
});

it('two configs have two gates, and one config has the same at every start', () => {
  const { write } = scratch();
  const gates = ['a.json', 'b.json', 'a.json'].map(
    (name) => loadConfig(write(name, '{"mcpServers": {}}'), { env: {}, servers: 'expand' }).gate,
  );
  expect(gates[0]).toBe(gates[2]);
  expect(gates[0]).not.toBe(gates[1]);
});

it('the example is valid, starts in observe and leaves the state in the home folder', () => {
  const file = join(import.meta.dirname, '../../mcp-config.example.json');
  const config = loadConfig(file, { env: {}, servers: 'expand' });
  expect(config.mode).toBe('observe');
  expect(config.stateDir).toBe(join(homedir(), '.mcp-gate'));
  expect(config.workspace).toBe(join(dirname(file), 'workspace'));
  expect(config.policy.dir).toBe(join(dirname(file), 'policies'));
  expect(config.servers.get('files')).toMatchObject({
    command: 'npx',
    args: ['-y', '@modelcontextprotocol/server-filesystem', '.'],
    cwd: join(dirname(file), 'workspace'),
  });
});
