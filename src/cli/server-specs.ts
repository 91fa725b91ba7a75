import { join } from 'node:path';
import type { Config, ServerConfig } from '../config/config.ts';
import type { ServerSpec } from '../upstream/server-spec.ts';

const initTimeoutMs = 60_000;

/** The servers of a config as the room that runs them wants them. */
export function serverSpecs(config: Config): readonly ServerSpec[] {
  // Tokens belong to one config: another one may mean another server by the same key.
  const tokenDir = join(config.stateDir, 'oauth', config.gate);
  return [...config.servers].map(([key, server]) => specOf(key, server, tokenDir));
}

function specOf(key: string, server: ServerConfig, tokenDir: string): ServerSpec {
  const { prefix, protocol } = server.gate;
  const common = { key, prefix, protocol, initTimeoutMs };
  if (server.kind === 'process') {
    const { kind, command, args, env, cwd } = server;
    return { ...common, kind, command, args, env, cwd };
  }
  const { kind, url, type: transport, headers, oauth } = server;
  return { ...common, kind, url, transport, headers, oauth, tokenDir };
}
