import type { Readable, Writable } from 'node:stream';
import { loadConfig } from '../config/load.ts';
import { ClientSession } from '../downstream/session.ts';
import { openStdio } from '../downstream/stdio.ts';
import { osIdentity } from '../facts/identity.ts';
import { openInstance } from '../journal/instance.ts';
import type { UpstreamEvents, UpstreamPool } from '../upstream/contract.ts';
import { createPinBook } from '../upstream/pins.ts';
import { createPool } from '../upstream/pool.ts';
import { composeGate } from './compose.ts';
import { type Foundation, layFoundation } from './foundation.ts';
import { gateStatus } from './gate-status.ts';
import { journalChanges } from './journal-changes.ts';
import { openLog } from './log.ts';
import { packageVersion } from './version.ts';

export interface RunOptions {
  readonly configFile: string;
  readonly input?: Readable;
  readonly output?: Writable;
}

/** Calls in flight have this long to come back once the client has gone; then their outcome is unknown. */
const drainMs = 2000;
const initTimeoutMs = 60_000;

/** The stdio gate: serves one client until it closes its end or the process is told to stop. */
export async function run(options: RunOptions): Promise<number> {
  const config = loadConfig(options.configFile, { env: process.env, servers: 'expand' });
  const { input = process.stdin, output = process.stdout } = options;
  const log = openLog();
  const foundation = layFoundation(config, log);
  const face = openStdio(input, output);
  const gate = openGate(foundation, face.writer);
  await Promise.race([face.run(gate.session), signalled()]);
  await gate.close();
  return 0;
}

function signalled(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      process.once(signal, () => resolve());
    }
  });
}

function openGate(
  on: Foundation,
  writer: ConstructorParameters<typeof ClientSession>[0]['writer'],
) {
  const { config, store, clock, log, policy, settings } = on;
  const { recorder, decide, visibility } = composeGate(on, osIdentity());
  const pool = openPool(on, () => session.events);
  const session = new ClientSession({
    writer,
    pool,
    decide,
    visibility,
    identity: osIdentity(),
    version: packageVersion(),
    instructions: () => instructions(on),
    nowMs: clock(),
  });
  const instance = openInstance({
    store,
    id: on.instance,
    gate: config.gate,
    clock,
    version: packageVersion(),
    status: () => gateStatus(on, pool),
    warn: (message, cause) => log.warn({ err: cause }, message),
  });
  pool.onChange(() => instance.changed());
  journalChanges(on, () => {
    instance.changed();
    session.events.onListChanged('tools');
  });
  pool.start();

  // In reverse: no new work, then what is in flight, then what it needs.
  const close = async (): Promise<void> => {
    settings.close();
    const idle = session.close();
    await Promise.race([idle, new Promise((resolve) => setTimeout(resolve, drainMs).unref())]);
    await pool.close();
    await idle;
    recorder.close();
    await policy.close();
    await instance.close().catch((cause) => log.warn({ err: cause }, 'could not record the stop'));
    await store.close();
  };
  return { session, close };
}

function openPool(on: Foundation, events: () => UpstreamEvents): UpstreamPool {
  const { config, store, clock, log } = on;
  return createPool({
    servers: [...config.servers].map(([key, { command, args, env, cwd, gate }]) => {
      return { key, command, args, env, cwd, prefix: gate.prefix, initTimeoutMs };
    }),
    events: {
      onRequest: (...event) => events().onRequest(...event),
      onNotification: (...event) => events().onNotification(...event),
      onListChanged: (kind) => events().onListChanged(kind),
    },
    pins: createPinBook(store, config.gate, clock),
    log,
    clock,
  });
}

/** What the client's model is told. No command that approves stands here. */
function instructions({ settings, policy, control }: Foundation): string {
  const { mode } = settings.config();
  const lines = [
    'Every call of these tools is decided by policy and recorded before it runs.',
    'A call that waits for approval has not run: ask your user, and repeat the identical call once it is approved.',
  ];
  if (mode === 'observe') lines.push('Policy only observes at the moment: nothing is refused.');
  if (control.current().freeze !== undefined) lines.push('The operator has stopped all calls.');
  if (policy.isReady() && policy.current() === undefined) {
    lines.push('No policy could be loaded: every call is refused until the operator mends it.');
  }
  return lines.join(' ');
}
