import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { composeGate } from '../../src/cli/compose.ts';
import { deferPolicy } from '../../src/cli/deferred-policy.ts';
import type { Foundation } from '../../src/cli/foundation.ts';
import { followSettings } from '../../src/cli/live-settings.ts';
import { openLog } from '../../src/cli/log.ts';
import { Observed } from '../../src/cli/observed.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createControl } from '../../src/control/control-file.ts';
import { watchControl } from '../../src/control/control-watch.ts';
import { InFlightCalls } from '../../src/control/in-flight.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { ActivePolicy } from '../../src/policy/contract.ts';
import { shippedFolder } from '../../src/policy/source-files.ts';
import { openStore } from '../../src/store/sqlite-store.ts';
import { LiveCatalog } from '../../src/upstream/catalog.ts';
import { createPinBook } from '../../src/upstream/pins.ts';
import { pinnable } from '../../src/upstream/tools.ts';
import type { Case, Servers } from './case.ts';

/** A whole gate on a folder of its own; nothing of it is a stand-in but the servers. */
export interface Stage {
  readonly on: Foundation;
  readonly gate: ReturnType<typeof composeGate>;
  readonly catalog: LiveCatalog;
  /** Lets time go by, for everything that asks the clock. */
  forward(ms: number): void;
  close(): Promise<void>;
}

/**
 * A state folder that a gate has opened and closed, for the stages of one test file to begin with: most cases take less time
 * than making one.
 */
export function emptyState(): () => string {
  const dir = realpathSync(mkdtempSync(path.join(tmpdir(), 'gate-cases-')));
  afterAll(() => rmSync(dir, { recursive: true }));
  const state = path.join(dir, 'state');
  beforeAll(async () => {
    await openStore({ dir: state, durability: 'process', clock: Date.now }).close();
    createControl(state).ensure();
  });
  return () => state;
}

export async function openStage(
  { config = {} }: Pick<Case, 'config'>,
  servers: Servers,
  current: () => ActivePolicy,
  state: string,
): Promise<Stage> {
  const dir = realpathSync(mkdtempSync(path.join(tmpdir(), 'gate-case-')));
  // A copy has the mode of the umask on some versions of Node.
  mkdirSync(path.join(dir, 'state'), { mode: 0o700 });
  cpSync(state, path.join(dir, 'state'), { recursive: true });
  let ahead = 0;
  const clock = () => Date.now() + ahead;
  const on = layFoundation(writeConfig(dir, config, servers), current, clock);
  const gate = composeGate(on);
  const { control, inFlight } = on;
  const none = () => {};
  const watch = watchControl({ control, inFlight, acknowledge: none, onChange: none, warn: none });
  const catalog = await openCatalog(on, servers);
  return {
    on,
    gate,
    catalog,
    forward: (ms) => {
      ahead += ms;
    },
    close: async () => {
      watch.close();
      on.settings.close();
      await gate.recorder.close();
      await on.policy.close();
      await on.store.close();
      rmSync(dir, { recursive: true });
    },
  };
}

/** The part of a config that the case has, made a whole one. */
function writeConfig(dir: string, { mcpServers, ...config }: JsonObject, servers: Servers): string {
  const file = path.join(dir, 'mcp-config.json');
  mkdirSync(path.join(dir, 'workspace'));
  const entries = Object.keys(servers).map((key) => {
    const said: unknown = Object(mcpServers)[key];
    return [key, { command: 'nobody-starts-this', cwd: './workspace', ...Object(said) }];
  });
  const whole = {
    environment: 'test',
    workspace: './workspace',
    stateDir: './state',
    // Longer than any case lets go by: every decision can be replayed.
    journal: { durability: 'process', retention: '3650d' },
    ...config,
    mcpServers: Object.fromEntries(entries),
  };
  writeFileSync(file, JSON.stringify(whole));
  return file;
}

// As `cli/foundation.ts` does it, with a clock that can be put forward and a policy that is compiled already.
function layFoundation(file: string, current: () => ActivePolicy, clock: () => number): Foundation {
  const config = loadConfig(file, { env: {}, servers: 'expand' });
  const { stateDir, journal } = config;
  const store = openStore({ dir: stateDir, durability: journal.durability, clock });
  const control = createControl(stateDir);
  control.ensure();
  const none = async (): Promise<void> => {};
  const source = { current, rejected: () => [], onChange: () => {}, close: none };
  return {
    config,
    store,
    control,
    inFlight: new InFlightCalls(),
    observed: new Observed(),
    policy: deferPolicy(Promise.resolve(source)),
    policyPath: shippedFolder,
    settings: followSettings(config, control, () => {}),
    onSettings: () => {},
    instance: 'instance-1',
    startedMs: clock(),
    clock,
    log: openLog('silent'),
  };
}

async function openCatalog(on: Foundation, servers: Servers): Promise<LiveCatalog> {
  const pins = createPinBook(on.store, on.config.gate, on.clock);
  const keys = [...on.config.servers].map(([key, { gate }]) => ({ key, prefix: gate.prefix }));
  const catalog = new LiveCatalog({ servers: keys, pins, onListChanged: () => {} });
  for (const [key, tools] of Object.entries(servers)) {
    const items = Object.entries(tools).map(([name, tool]): JsonObject => {
      return { inputSchema: { type: 'object' }, ...tool, name };
    });
    catalog.setCapabilities(key, { tools: {}, resources: {} });
    catalog.setTools(key, { items, cut: undefined }, await pins.observe(key, pinnable(items)));
  }
  return catalog;
}
