import { realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { noTariff, type Tariff } from '../core/budget.ts';
import type { ApprovalMode, Config, Cost, Mode, ServerConfig, ToolSettings } from './config.ts';

/** Each call takes one of these with it, so that a reload does not change it half-way. */
interface CallSettings {
  readonly mode: Mode;
  readonly environment: string;
  readonly approvalMode: ApprovalMode;
  readonly schema: 'enforce' | 'report';
  readonly trusted: boolean;
  readonly costPerCallUsd: string | null;
  readonly tariff: Tariff;
  readonly idempotency: IdempotencySettings;
  readonly labels: readonly string[];
  /** Real path; null when none is configured. */
  readonly workspace: string | null;
}

interface IdempotencySettings {
  /** JSON pointer into the arguments to the key. */
  readonly pointer: string | undefined;
  readonly expiresInMs: number;
}

interface PreparedServer {
  readonly others: CallSettings;
  readonly tools: ReadonlyMap<string, CallSettings>;
}

// Tool names are the agent's word, so nothing is kept for a name that the config does not have.
const prepared = new WeakMap<Config, ReadonlyMap<string, PreparedServer>>();

/**
 * What the config says about calls of one tool: the nearest of tool, server and file counts. A server that the config does
 * not know gets the file's settings, untrusted and strict.
 */
export function callSettings(config: Config, server: string, tool: string): CallSettings {
  let servers = prepared.get(config);
  if (servers === undefined) {
    servers = prepare(config);
    prepared.set(config, servers);
  }
  const known = servers.get(server);
  if (known === undefined) return settingsOf(config, undefined, undefined);
  return known.tools.get(tool) ?? known.others;
}

function prepare(config: Config): ReadonlyMap<string, PreparedServer> {
  const entries = [...config.servers].map(([key, server]): [string, PreparedServer] => {
    const tools = [...server.gate.tools].map(([name, tool]): [string, CallSettings] => [
      name,
      settingsOf(config, server, tool),
    ]);
    return [key, { others: settingsOf(config, server, undefined), tools: new Map(tools) }];
  });
  return new Map(entries);
}

function settingsOf(
  config: Config,
  server: ServerConfig | undefined,
  tool: ToolSettings | undefined,
): CallSettings {
  const trusted = server?.gate.trusted ?? false;
  const cost: Cost = { ...server?.gate.cost, ...tool?.cost };
  const { perCallUsd, ...tariff } = cost;
  return {
    mode: server?.gate.mode ?? config.mode,
    environment: server?.gate.environment ?? config.environment,
    approvalMode: tool?.approval ?? server?.gate.approval ?? config.approvals.mode,
    schema: server?.gate.schema ?? 'enforce',
    trusted,
    costPerCallUsd: perCallUsd ?? null,
    // A server that nobody trusts does not say what it costs.
    tariff: { ...noTariff, ...tariff, ...(!trusted && { reported: undefined }) },
    idempotency: {
      pointer: tool?.idempotency?.pointer,
      expiresInMs: tool?.idempotency?.expiresInMs ?? config.idempotency.expiresInMs,
    },
    labels: [...new Set([...(server?.gate.labels ?? []), ...(tool?.labels ?? [])])],
    workspace: config.workspace === undefined ? null : realPath(config.workspace),
  };
}

// A folder that is made later is where its parent really is.
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return dirname(path) === path ? path : join(realPath(dirname(path)), basename(path));
  }
}
