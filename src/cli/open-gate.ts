import type { Logger } from 'pino';
import { createBridge } from '../bridge/bridge.ts';
import type { Config } from '../config/config.ts';
import type { JsonObject } from '../core/json.ts';
import type { Host } from '../downstream/contract.ts';
import { createHost } from '../downstream/host.ts';
import { type Instance, openInstance } from '../journal/instance.ts';
import type { UpstreamPools } from '../upstream/contract.ts';
import { createPinBook } from '../upstream/pins.ts';
import { createPools } from '../upstream/pools.ts';
import { composeGate } from './compose.ts';
import { type Foundation, layFoundation } from './foundation.ts';
import { gateStatus } from './gate-status.ts';
import { instructions } from './instructions.ts';
import { journalChanges } from './journal-changes.ts';
import { openLog } from './log.ts';
import { serverSpecs } from './server-specs.ts';

/** Calls in flight have this long to come back once the client has gone; then their outcome is unknown. */
const drainMs = 2000;

/** One gate behind any face. */
export interface OpenGate {
  readonly host: Host;
  readonly log: Logger;
  /** What `mcp-gate status` shows of it. */
  status(): JsonObject;
  /** A policy is in force: without one every call is denied. */
  ready(): boolean;
  /** Idempotent; resolves when nothing of it is left. Whoever takes messages takes none any more. */
  close(): Promise<void>;
}

/**
 * Puts one gate together, and starts the servers of the client that comes first. `clientIdleMs` is how long a modern client
 * may say nothing before it lets go of its servers.
 */
export function openGate(config: Config, version: string, clientIdleMs?: number): OpenGate {
  const on = layFoundation(config, openLog());
  const { clock, log, policy, settings } = on;
  const pools = openPools(on);
  pools.warm();
  const { recorder, decide, visibility } = composeGate(on);
  const instance = openInstanceOf(on, pools, version);
  const frozen = () => on.control.current().freeze;
  const bridge = createBridge({ clock, frozen });
  const host = createHost({
    pools,
    bridge,
    decide,
    visibility,
    version,
    clock,
    frozen,
    instructions: () => instructions(settings.config()),
    ...(clientIdleMs !== undefined && { clientIdleMs }),
  });
  pools.onChange(() => instance.changed());
  journalChanges(on, () => {
    instance.changed();
    host.changed();
  });

  // In reverse: no new work, then what is in flight, then what it needs.
  const closeAll = async (): Promise<void> => {
    settings.close();
    const idle = host.close();
    await Promise.race([idle, new Promise((resolve) => setTimeout(resolve, drainMs).unref())]);
    bridge.close();
    await pools.close();
    await idle;
    await recorder.close();
    await policy.close();
    await instance.close();
    await on.store.close();
  };
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closed ??= closeAll();
    return closed;
  };
  const status = () => gateStatus(on, pools);
  return { host, log, status, ready: () => policy.current() !== undefined, close };
}

function openPools(on: Foundation): UpstreamPools {
  const { config, store, clock, log } = on;
  const pins = createPinBook(store, config.gate, clock);
  const { pools, poolsPerCaller, poolsReserved, poolIdleMs } = config.transport.http.limits;
  const limits = {
    maxPools: pools,
    maxPoolsPerScope: poolsPerCaller,
    reservedPools: poolsReserved,
    idleMs: poolIdleMs,
  };
  return createPools({ servers: serverSpecs(config), pins, log, clock, ...limits });
}

function openInstanceOf(on: Foundation, pools: UpstreamPools, version: string): Instance {
  const { config, store, clock, log } = on;
  return openInstance({
    store,
    id: on.instance,
    gate: config.gate,
    clock,
    version,
    status: () => gateStatus(on, pools),
    warn: (message, cause) => log.warn({ err: cause }, message),
  });
}
