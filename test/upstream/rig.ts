import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished } from 'vitest';
import type { Answer, Delivery, RawResponse } from '../../src/core/answer.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { Lifetime } from '../../src/core/lifetime.ts';
import type { FarMessage } from '../../src/core/related.ts';
import type { SendOptions, Target } from '../../src/core/target.ts';
import type { ForwardedRequest } from '../../src/core/tool-call.ts';
import type { Store } from '../../src/store/contract.ts';
import { openStore } from '../../src/store/sqlite-store.ts';
import type { ClientHello, Connection, UpstreamPool } from '../../src/upstream/contract.ts';
import { createEraVerdicts } from '../../src/upstream/era-verdicts.ts';
import type { UpstreamLimits } from '../../src/upstream/limits.ts';
import { PinBudget } from '../../src/upstream/pin-budget.ts';
import { createPinBook, type PinBook } from '../../src/upstream/pins.ts';
import { createPool } from '../../src/upstream/pool.ts';
import type { EraVerdicts } from '../../src/upstream/run.ts';
import type { ProcessSpec, ServerSpec } from '../../src/upstream/server-spec.ts';

const fixture = path.join(import.meta.dirname, '..', 'fixtures', 'scripted-server.mjs');

export const hello = {
  era: 'legacy' as const,
  protocolVersion: '2025-06-18',
  capabilities: { roots: { listChanged: true }, 'x-own': {} },
  clientInfo: { name: 'rig', version: '0', title: 'Rig' },
};

/** The same client in the modern era. */
export const modernHello = {
  ...hello,
  era: 'modern' as const,
  protocolVersion: '2026-07-28',
};

export function scratchFolder(): string {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'mcp-gate-upstream-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** A real store in a folder of its own. */
export function scratchStore(): Store {
  const dir = path.join(scratchFolder(), 'state');
  const store = openStore({ dir, durability: 'process', clock: systemClock });
  onTestFinished(() => store.close());
  return store;
}

/** A scripted server; `opening` says how it behaves from the start. */
export function scripted(key: string, opening: readonly string[] = []): ProcessSpec {
  return {
    kind: 'process',
    key,
    protocol: 'auto',
    command: process.execPath,
    args: [fixture, ...opening],
    env: {},
    cwd: tmpdir(),
    prefix: true,
    initTimeoutMs: 10_000,
  };
}

export interface ServerRequest {
  readonly server: string;
  readonly request: FarMessage;
  readonly lifetime: Lifetime;
  readonly reply: (answer: Answer) => void;
}

export interface Rig {
  readonly pool: UpstreamPool;
  readonly pins: PinBook;
  readonly requests: ServerRequest[];
  readonly notifications: FarMessage[];
  readonly listChanges: string[];
  readonly logged: string[];
  connection(server: string): Connection;
}

/** Who opens the sessions: the rig's legacy client when nothing is said. */
export interface RigClient {
  readonly hello?: ClientHello;
  readonly eras?: EraVerdicts;
}

/** A pool over these servers, started, opened and settled; closed when the test is over. */
export async function rig(
  servers: readonly ServerSpec[],
  limits: Partial<UpstreamLimits> = {},
  store: Store = scratchStore(),
  pinsPerHour = 2_000,
  client: RigClient = {},
): Promise<Rig> {
  const opened = openRig(servers, limits, store, pinsPerHour, client);
  await opened.pool.catalog.settled(15_000);
  return opened;
}

/** The same, with its servers still on their way. */
export function openRig(
  servers: readonly ServerSpec[],
  limits: Partial<UpstreamLimits>,
  store: Store,
  pinsPerHour: number,
  client: RigClient,
): Rig {
  const pins = createPinBook(store, 'gate', systemClock, new PinBudget(pinsPerHour));
  const requests: ServerRequest[] = [];
  const notifications: FarMessage[] = [];
  const listChanges: string[] = [];
  const logged: string[] = [];
  const note = (fields: object, message: string): void => {
    logged.push(`${message} ${JSON.stringify(fields)}`);
  };
  const pool = createPool({
    servers,
    eras: client.eras ?? createEraVerdicts(),
    pins,
    clock: systemClock,
    log: { debug: () => {}, info: note, warn: note },
    limits: {
      backoffMs: () => 20,
      relistPauseMs: 20,
      relistLongestPauseMs: 20,
      closeMs: 300,
      terminateMs: 300,
      ...limits,
    },
    events: {
      onRequest: (server, request, lifetime, reply) =>
        requests.push({ server, request, lifetime, reply }),
      onNotification: (_, notification) => notifications.push(notification),
      onListChanged: (kind) => listChanges.push(kind),
    },
  });
  onTestFinished(() => pool.close());
  pool.start();
  pool.open(client.hello ?? hello);
  const connection = (server: string): Connection => {
    const found = pool.connection(server);
    if (found === undefined) throw new Error(`no session with "${server}"`);
    return found;
  };
  return { pool, pins, requests, notifications, listChanges, logged, connection };
}

export interface CallOptions extends Partial<SendOptions> {
  readonly meta?: JsonObject;
}

export function call(
  target: Target,
  name: string,
  args: JsonObject = {},
  { meta, lifetime = new Lifetime(), onProgress, related }: CallOptions = {},
): Promise<Delivery> {
  const request: ForwardedRequest = {
    method: 'tools/call',
    fields: { name },
    meta,
    argumentsText: JSON.stringify(args),
    extras: undefined,
  };
  return target.send(request, { lifetime, onProgress, related });
}

/** The response of a delivery that must have one. */
export function responseOf(delivery: Delivery): RawResponse {
  if (delivery.kind === 'answered') return delivery.response;
  throw new Error(`expected an answer, got "${delivery.kind}": ${delivery.reason}`);
}

export function valueIn(response: RawResponse): unknown {
  return JSON.parse(response.line.toString('utf8', response.value[0], response.value[1]));
}

/** What the scripted server said in the text of its result. */
export function saidIn(delivery: Delivery): unknown {
  const value = JSON.stringify(valueIn(responseOf(delivery)));
  return JSON.parse(JSON.parse(value).content[0].text);
}

/** Waits until `look` finds something. */
export async function until<T>(what: string, look: () => T | undefined | false): Promise<T> {
  const deadline = performance.now() + 15_000;
  for (;;) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) expect.fail(`no ${what}`);
    await sleep(10);
  }
}

/** True while a process runs; one that ended and was not reaped does not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return (
      process.platform !== 'linux' ||
      !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
    );
  } catch {
    return false;
  }
}
