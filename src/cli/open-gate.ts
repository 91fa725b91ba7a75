import type { Config } from '../config/config.ts';
import type { Outlet } from '../downstream/contract.ts';
import type { Reception } from '../downstream/reception.ts';
import { ClientSession } from '../downstream/session.ts';
import { osIdentity } from '../facts/identity.ts';
import { type Instance, openInstance } from '../journal/instance.ts';
import type { UpstreamEvents, UpstreamPool } from '../upstream/contract.ts';
import { createPinBook } from '../upstream/pins.ts';
import { createPool } from '../upstream/pool.ts';
import { composeGate } from './compose.ts';
import { type Foundation, layFoundation } from './foundation.ts';
import { gateStatus } from './gate-status.ts';
import { journalChanges } from './journal-changes.ts';
import { openLog } from './log.ts';

/** Calls in flight have this long to come back once the client has gone; then their outcome is unknown. */
const drainMs = 2000;
const initTimeoutMs = 60_000;

/** Puts one gate together and hands it the client. `close` resolves when nothing of it is left. */
export function openGate(
  config: Config,
  version: string,
  outlet: Outlet,
  reception: Reception,
): { close(): Promise<void> } {
  const on = layFoundation(config, openLog());
  let session: ClientSession | undefined;
  const pool = openPool(on, () => session?.events);
  pool.start();
  const identity = osIdentity();
  const { recorder, decide, visibility } = composeGate(on, identity);
  const instance = openInstanceOf(on, pool, version);
  pool.onChange(() => instance.changed());
  journalChanges(on, () => {
    instance.changed();
    session?.events.onListChanged('tools');
  });
  reception.ready((hello) => {
    const nowMs = on.clock();
    session = new ClientSession({ outlet, pool, decide, visibility, identity, hello, nowMs });
    pool.open(hello);
    return session;
  });

  // In reverse: no new work, then what is in flight, then what it needs.
  const close = async (): Promise<void> => {
    on.settings.close();
    const idle = session?.close() ?? Promise.resolve();
    await Promise.race([idle, new Promise((resolve) => setTimeout(resolve, drainMs).unref())]);
    await pool.close();
    await idle;
    await recorder.close();
    await on.policy.close();
    await instance.close();
    await on.store.close();
  };
  return { close };
}

function openPool(on: Foundation, events: () => UpstreamEvents | undefined): UpstreamPool {
  const { config, store, clock, log } = on;
  return createPool({
    servers: [...config.servers].map(([key, { command, args, env, cwd, gate }]) => {
      const { prefix, protocol } = gate;
      return { kind: 'process', key, command, args, env, cwd, prefix, protocol, initTimeoutMs };
    }),
    // Sessions open after the client's hello, and only then a server can say anything.
    events: {
      onRequest: (...event) => events()?.onRequest(...event),
      onNotification: (...event) => events()?.onNotification(...event),
      onListChanged: (kind) => events()?.onListChanged(kind),
    },
    pins: createPinBook(store, config.gate, clock),
    log,
    clock,
  });
}

function openInstanceOf(on: Foundation, pool: UpstreamPool, version: string): Instance {
  const { config, store, clock, log } = on;
  return openInstance({
    store,
    id: on.instance,
    gate: config.gate,
    clock,
    version,
    status: () => gateStatus(on, pool),
    warn: (message, cause) => log.warn({ err: cause }, message),
  });
}
