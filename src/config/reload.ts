import { isDeepStrictEqual } from 'node:util';
import type { Config, ServerConfig, ServerSettings } from './config.ts';

/**
 * The running config with what may change without a restart taken from `loaded`. A server that was removed, or that is now
 * reached in another way, keeps its settings as long as it runs: looser ones would else apply to it.
 */
export function applyReload(running: Config, loaded: Config): Config {
  const servers = [...running.servers].map(([key, server]): [string, ServerConfig] => {
    const next = loaded.servers.get(key);
    if (next?.kind !== server.kind) return [key, server];
    return [key, { ...server, gate: hot(server.gate, next.gate) }];
  });
  return {
    ...running,
    mode: loaded.mode,
    environment: loaded.environment,
    servers: new Map(servers),
    // What serves the page is bound to its address.
    approvals: { ...loaded.approvals, page: running.approvals.page },
    budgets: loaded.budgets,
    idempotency: loaded.idempotency,
    journal: { ...loaded.journal, durability: running.journal.durability },
  };
}

function hot(running: ServerSettings, loaded: ServerSettings): ServerSettings {
  return { ...loaded, prefix: running.prefix, protocol: running.protocol };
}

/** Paths of the differences that `applyReload` leaves out; names only, no values. */
export function diffNeedingRestart(running: Config, loaded: Config): string[] {
  const merged = applyReload(running, loaded);
  const keys = [
    'stateDir',
    'servers',
    'policy',
    'approvals',
    'identity',
    'workspace',
    'journal',
    'transport',
  ] as const;
  return keys.flatMap((key) =>
    differences(merged[key], loaded[key], key === 'servers' ? 'mcpServers' : key),
  );
}

function differences(a: unknown, b: unknown, path: string, depth = 0): string[] {
  if (isDeepStrictEqual(a, b)) return [];
  const [left, right] = [members(a), members(b)];
  if (depth >= 3 || left === undefined || right === undefined) return [path];
  if (left.get('kind') !== right.get('kind')) return [path];
  const keys = new Set([...left.keys(), ...right.keys()]);
  return [...keys].flatMap((key) =>
    differences(left.get(key), right.get(key), `${path}.${key}`, depth + 1),
  );
}

function members(value: unknown): ReadonlyMap<string, unknown> | undefined {
  if (value instanceof Map) return value;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return new Map(Object.entries(value));
}
