import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Config } from '../config/config.ts';
import { GateError } from '../core/errors.ts';
import { isRunning } from '../core/process-start.ts';
import type { Reader, Store } from '../store/contract.ts';
import type { Io } from './io.ts';
import type { StateOptions } from './options.ts';

/** Which gate's state a command is about; without a config only the folder is known. */
export interface Place {
  readonly config: Config | undefined;
  readonly stateDir: string;
}

/** Finds the config, and through it the state: `--config`, MCP_GATE_CONFIG, ./mcp-config.json, else the folder alone. */
export async function findPlace(io: Io, options: StateOptions): Promise<Place> {
  const file = configFile(io, options);
  if (file === undefined) {
    const home = io.env['MCP_GATE_HOME'];
    const isSet = home !== undefined && home !== '';
    return {
      config: undefined,
      stateDir: isSet ? resolve(io.cwd, home) : join(homedir(), '.mcp-gate'),
    };
  }
  const { loadConfig } = await import('../config/load.ts');
  const config = loadConfig(file, { env: io.env, servers: 'literal' });
  return { config, stateDir: config.stateDir };
}

function configFile(io: Io, options: StateOptions): string | undefined {
  if (options.config !== undefined) return resolve(io.cwd, options.config);
  const named = io.env['MCP_GATE_CONFIG'];
  if (named !== undefined && named !== '') return resolve(io.cwd, named);
  const usual = join(io.cwd, 'mcp-config.json');
  return existsSync(usual) ? usual : undefined;
}

/** The config, for commands that mean one gate among those that share the state folder. */
export function requireConfig({ config }: Place): Config {
  if (config !== undefined) return config;
  throw new GateError('config_missing', 'no config was named, and it says which gate is meant', {
    hint: 'name the file with --config',
  });
}

/**
 * Whether a terminal proves nobody: by the config that was found, or by that of a gate which runs on this state, for whoever
 * types the command chooses the file. A question keeps what it was put under, whatever either says.
 */
export function isCredentialRequired(
  { config }: Place,
  reader: Pick<Reader, 'instances'> | undefined,
): boolean {
  if (config?.approvals.requireCredential === true) return true;
  const running = reader?.instances().filter(isRunning) ?? [];
  return running.some(({ status }) => status['require_credential'] === true);
}

export function hasStore({ stateDir }: Place): boolean {
  return existsSync(join(stateDir, 'gate.db'));
}

/** Runs `work` on the store of a place and closes it; a command that only reads makes no store. */
export async function withStore<T>(
  place: Place,
  missing: 'refuse' | 'create',
  work: (store: Store) => Promise<T>,
): Promise<T> {
  if (missing === 'refuse' && !hasStore(place)) {
    throw new GateError('not_found', `no gate has run with the state folder "${place.stateDir}"`, {
      hint: 'name the config of the gate with --config, or the folder with MCP_GATE_HOME',
    });
  }
  const { openStore } = await import('../store/sqlite-store.ts');
  const store = openStore({ dir: place.stateDir, durability: 'power', clock: Date.now });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
