import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Json, JsonObject } from '../../src/core/json.ts';
import type { Connection } from '../../src/upstream/contract.ts';
import { envelopeOf } from '../../src/upstream/envelope.ts';
import type { UpstreamLimits } from '../../src/upstream/limits.ts';
import type { ProcessSpec } from '../../src/upstream/server-spec.ts';
import {
  call,
  modernHello,
  openRig,
  type Rig,
  type RigClient,
  saidIn,
  scratchFolder,
  scratchStore,
  scripted,
} from './rig.ts';

const fixture = path.join(import.meta.dirname, '..', 'fixtures', 'era-server.mjs');

/** A server that speaks the eras that its options say. */
export function eraServer(options: JsonObject = {}): ProcessSpec {
  return { ...scripted('s'), args: [fixture, JSON.stringify(options)] };
}

export interface RecordedServer {
  readonly spec: ProcessSpec;
  /** Its starts, and the requests that it got, in their order. */
  readonly record: () => readonly string[];
}

export function recordedServer(options: JsonObject): RecordedServer {
  const file = path.join(scratchFolder(), 'record');
  const record = (): readonly string[] =>
    existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  return { spec: eraServer({ ...options, record: file }), record };
}

/** The greeting of each process that a server was. */
export function greetings({ record }: RecordedServer): readonly (readonly string[])[] {
  const runs: string[][] = [];
  for (const line of record()) {
    if (line === 'start') runs.push([]);
    else if (line === 'initialize' || line === 'server/discover') runs.at(-1)?.push(line);
  }
  return runs;
}

/** A rig for a modern client, but for what is said otherwise. */
export async function eraRig(
  spec: ProcessSpec,
  client: RigClient = {},
  limits: Partial<UpstreamLimits> = {},
): Promise<Rig> {
  const opened = openEraRig(spec, client, limits);
  await opened.pool.catalog.settled(15_000);
  return opened;
}

/** The same, with its server still on its way. */
export function openEraRig(
  spec: ProcessSpec,
  client: RigClient = {},
  limits: Partial<UpstreamLimits> = {},
): Rig {
  return openRig([spec], limits, scratchStore(), 2_000, { hello: modernHello, ...client });
}

/** Calls a tool of a modern server, and returns what it says. */
export async function ask(
  connection: Connection,
  tool: string,
  args: JsonObject = {},
): Promise<Json> {
  const said = saidIn(await call(connection, tool, args, { meta: envelopeOf(modernHello) }));
  return JSON.parse(JSON.stringify(said));
}
