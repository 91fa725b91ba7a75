import { readFileSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { sha256Hex } from '../core/digest.ts';
import type { Config, ServerConfig, ServerSettings, ToolSettings } from './config.ts';
import type { Environment, Report } from './expand.ts';
import { resolveBudget, resolveCost } from './resolve-budgets.ts';
import { resolveHttp, resolveIdentity } from './resolve-serving.ts';
import type { ConfigFile, ServerEntry } from './schema.ts';

/** The config as the rest of the gate uses it: what the file says, with paths made absolute against its folder. */
export function resolveConfig(
  path: string,
  file: ConfigFile,
  env: Environment,
  report: Report,
): Config {
  const folder = dirname(path);
  const optional = (text: string | undefined) =>
    text === undefined ? undefined : absolute(text, folder);
  const servers = Object.entries(file.mcpServers).map(([key, entry]): [string, ServerConfig] => [
    key,
    resolveServer(key, entry, folder, report),
  ]);
  const { dir, bundle, ...policy } = file.policy;
  const { default: defaultMs = 40_000, ...clients } = file.approvals.hold;
  return {
    file: path,
    gate: sha256Hex(realpathSync(path)).slice(0, 16),
    mode: file.mode,
    environment: file.environment,
    stateDir: stateDirOf(env) ?? absolute(file.stateDir ?? '~/.mcp-gate', folder),
    servers: new Map(servers),
    policy: { ...policy, dir: optional(dir), bundle: optional(bundle) },
    approvals: {
      mode: file.approvals.mode,
      expiresInMs: file.approvals.expiresIn,
      quorum: file.approvals.quorum,
      requireCredential: file.approvals.requireCredential,
      hold: { defaultMs, clientsMs: new Map(Object.entries(clients)) },
      notify: file.approvals.notify,
      rounds: new Map(Object.entries(file.approvals.rounds)),
      elicit: new Map(Object.entries(file.approvals.elicit)),
      page: file.approvals.page && {
        url: new URL(file.approvals.page.url).href.replace(/\/$/, ''),
      },
      tasks: new Map(Object.entries(file.approvals.tasks)),
    },
    budgets: file.budgets.map(resolveBudget),
    idempotency: { expiresInMs: file.idempotency.expiresIn },
    identity: resolveIdentity(file.identity),
    workspace: optional(file.workspace),
    journal: {
      capture: file.journal.capture,
      retentionMs: file.journal.retention,
      durability: file.journal.durability,
    },
    transport: { http: resolveHttp(file.transport.http, (path) => absolute(path, folder)) },
  };
}

/** The state folder that the environment names; it goes before the config's. */
function stateDirOf(env: Environment): string | undefined {
  const home = env['MCP_GATE_HOME'];
  return home === undefined || home === '' ? undefined : absolute(home, process.cwd());
}

/** `~/` is the home folder; anything else relative is relative to `folder`. */
function absolute(path: string, folder: string): string {
  if (path === '~') return homedir();
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : resolve(folder, path);
}

function resolveServer(
  key: string,
  entry: ServerEntry,
  folder: string,
  report: Report,
): ServerConfig {
  if (entry.type === 'stdio') return resolveProcess(key, entry, folder, report);
  const { type, headers, oauth, gate } = entry;
  const { insecure: _, ...settings } = gate;
  return {
    kind: 'remote',
    type,
    url: entry.url ?? entry.httpUrl ?? entry.serverUrl ?? '',
    headers,
    oauth: oauth && {
      clientId: oauth.clientId,
      clientSecret: oauth.clientSecret,
      issuer: oauth.issuer,
      scopes: oauth.scopes,
    },
    gate: resolveSettings(settings),
  };
}

type ProcessEntry = Extract<ServerEntry, { type: 'stdio' }>;

function resolveProcess(
  key: string,
  entry: ProcessEntry,
  folder: string,
  report: Report,
): ServerConfig {
  const fromFile =
    entry.envFile === undefined ? {} : readEnvFile(key, absolute(entry.envFile, folder), report);
  const own = Object.entries(entry.env).flatMap(([name, value]) =>
    value === null ? [] : [[name, String(value)]],
  );
  return {
    kind: 'process',
    command: resolveCommand(entry.command, folder),
    args: entry.args,
    env: { ...fromFile, ...Object.fromEntries(own) },
    cwd: entry.cwd === undefined ? folder : absolute(entry.cwd, folder),
    gate: resolveSettings(entry.gate),
  };
}

// A bare name is looked up in PATH; `./server` means a file beside the config, whatever folder the server runs in.
function resolveCommand(command: string, folder: string): string {
  if (isAbsolute(command) || !/[/\\]/.test(command)) return command;
  return absolute(command, folder);
}

function readEnvFile(key: string, file: string, report: Report): Environment & object {
  try {
    return parseEnv(readFileSync(file, 'utf8'));
  } catch {
    // Only that it cannot be read matters; the system's own words would add the path and nothing to do.
    report({
      path: ['mcpServers', key, 'envFile'],
      expected: 'a readable file of NAME=value lines',
      found: 'none',
    });
    return {};
  }
}

function resolveSettings({
  mode,
  approval,
  environment,
  cost,
  tools,
  ...rest
}: ProcessEntry['gate']): ServerSettings {
  const byName = Object.entries(tools).map(([name, tool]): [string, ToolSettings] => [
    name,
    {
      approval: tool.approval,
      labels: tool.labels,
      cost: resolveCost(tool.cost),
      idempotency: tool.idempotency && {
        pointer: tool.idempotency.pointer,
        expiresInMs: tool.idempotency.expiresIn,
      },
    },
  ]);
  return { ...rest, mode, approval, environment, cost: resolveCost(cost), tools: new Map(byName) };
}
