import { join } from 'node:path';
import type { Logger } from 'pino';
import { isOfferedTasks } from '../approval/carriers/task-answer.ts';
import { createHeldTasks } from '../approval/tasks/held-tasks.ts';
import { createBridge } from '../bridge/bridge.ts';
import type { Bridge } from '../bridge/contract.ts';
import { keepSeals } from '../bridge/kept-seals.ts';
import type { Seals } from '../bridge/request-state.ts';
import type { Config } from '../config/config.ts';
import type { HeldTasks } from '../core/held-task.ts';
import type { JsonObject } from '../core/json.ts';
import type { Host } from '../downstream/contract.ts';
import { createHost } from '../downstream/host.ts';
import type { Pages } from '../downstream/http/page-contract.ts';
import { type Instance, openInstance } from '../journal/instance.ts';
import { forwardedSince, outcomeStatus } from '../journal/prior-run.ts';
import type { UpstreamPools } from '../upstream/contract.ts';
import { createPinBook } from '../upstream/pins.ts';
import { createPools } from '../upstream/pools.ts';
import { createApprovalPages } from '../web/approval-page.ts';
import { composeGate } from './compose.ts';
import { followControl } from './follow-control.ts';
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
  /** Where approvers answer in a browser, for a face that serves it; undefined when nobody does. */
  readonly pages: Pages | undefined;
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
  const { recorder, notifier, decide, visibility } = composeGate(on);
  const instance = openInstanceOf(on, pools, version);
  const bridge = openBridge(on);
  const host = createHost({
    pools,
    bridge,
    decide,
    visibility,
    version,
    clock,
    frozen: (scope) => on.control.frozen(scope),
    heldTasks: openHeldTasks(on),
    // As it was when the process began: a session is told once whether it may make tasks.
    tasksFor: (name) => isOfferedTasks(name, config.approvals.tasks),
    instructions: () => instructions(settings.config()),
    ...(clientIdleMs !== undefined && { clientIdleMs }),
  });
  const control = followControl(on, ({ mode }) => {
    instance.changed();
    // What observes shows every tool, what enforces only what may be called.
    if (mode) host.changed();
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
    await notifier.close();
    await policy.close();
    await control.close();
    await instance.close();
    await on.store.close();
    control.gone();
  };
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closed ??= closeAll();
    return closed;
  };
  const status = () => gateStatus(on, pools);
  return {
    host,
    log,
    pages: pagesOf(on),
    status,
    ready: () => policy.current() !== undefined,
    close,
  };
}

function openBridge(on: Foundation): Bridge {
  const seals = openSeals(on);
  return createBridge({
    clock: on.clock,
    frozen: () => on.control.current().freeze,
    enter: (scope, lifetime) => on.inFlight.enter(scope, lifetime),
    ...(seals && { seals }),
  });
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

function pagesOf({ config, store, clock, log }: Foundation): Pages | undefined {
  const { page } = config.approvals;
  if (page === undefined) return undefined;
  return createApprovalPages({
    url: page.url,
    store,
    clock,
    onRefused: (remote) => log.warn({ remote }, 'a credential was refused on the approval page'),
    onFailed: (cause) => log.warn({ err: cause }, 'the approval page could not be answered'),
  });
}

/** Clients of the modern era go on after a restart with what they hold; where that cannot be, they ask anew. */
function openSeals({ config, clock, log }: Foundation): Seals | undefined {
  try {
    return keepSeals({ folder: join(config.stateDir, 'seals'), gate: config.gate, clock });
  } catch (cause) {
    log.warn({ err: cause }, 'what clients hold ends with this process: its key cannot be kept');
    return undefined;
  }
}

function openHeldTasks({ store, clock, log }: Foundation): HeldTasks {
  const warn = (message: string, cause: unknown) => log.warn({ err: cause }, message);
  return createHeldTasks({ store, clock, outcomeOf: outcomeStatus, forwardedSince, warn });
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
