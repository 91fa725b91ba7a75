import type { JsonObject } from '../core/json.ts';
import type { Target } from '../core/target.ts';
import type { Era } from '../wire/eras.ts';
import type { ClientHello } from './contract.ts';
import { discover, type Greeting, initialize, within } from './handshake.ts';
import type { EraVerdicts } from './run.ts';
import type { ServerSpec } from './server-spec.ts';

export interface Opening {
  readonly spec: Pick<ServerSpec, 'key' | 'protocol' | 'initTimeoutMs'>;
  readonly hello: ClientHello;
  readonly eras: EraVerdicts;
  readonly probeMs: number;
}

export type Opened =
  | { readonly kind: 'open'; readonly era: Era; readonly capabilities: JsonObject }
  | { readonly kind: 'failed'; readonly reason: string }
  /** The question what it speaks was too much for the process: another one is to be greeted as a legacy server. */
  | { readonly kind: 'again' };

/**
 * Opens the session of a process in an era that it speaks (MCP 2026-07-28, stdio, backward compatibility). What is remembered
 * saves a server the question that it did not like; when that does not hold any more, it is forgotten.
 */
export async function openSession(target: Target, opening: Opening): Promise<Opened> {
  const { spec, hello, eras } = opening;
  if (spec.protocol !== 'auto') return openAs(spec.protocol, target, opening);
  const known = eras.of(spec.key);
  if (known === undefined) {
    return hello.era === 'legacy' ? legacyFirst(target, opening) : modernFirst(target, opening);
  }
  const opened = await openAs(known, target, opening);
  if (opened.kind !== 'open') eras.found(spec.key, undefined);
  return opened;
}

async function openAs(era: Era, target: Target, { spec, hello }: Opening): Promise<Opened> {
  const { initTimeoutMs } = spec;
  const greeting =
    era === 'legacy'
      ? await initialize(target, hello, initTimeoutMs)
      : await within(initTimeoutMs, 'server/discover', discover(target, hello).greeting);
  return openedBy(greeting, era);
}

/** The client speaks the legacy era: a server that does too needs nothing translated, whatever else it speaks. */
async function legacyFirst(target: Target, opening: Opening): Promise<Opened> {
  const { spec, hello, eras, probeMs } = opening;
  const legacy = await initialize(target, hello, spec.initTimeoutMs);
  if (legacy.kind !== 'refused') return openedBy(legacy, 'legacy');
  const { greeting, withdraw } = discover(target, hello);
  const modern = await within(probeMs, 'server/discover', greeting);
  withdraw();
  if (modern.kind === 'open') eras.found(spec.key, 'modern');
  // What it said to the first question is why it cannot be used, unless it is modern after all.
  const isForeign = modern.kind === 'foreign' && !modern.speaksLegacy;
  return openedBy(modern.kind === 'open' || isForeign ? modern : legacy, 'modern');
}

async function modernFirst(target: Target, opening: Opening): Promise<Opened> {
  const { spec, hello, eras, probeMs } = opening;
  const { greeting, said, withdraw } = discover(target, hello);
  const modern = await within(probeMs, 'server/discover', greeting);
  if (modern.kind === 'open') return openedBy(modern, 'modern');
  if (modern.kind === 'foreign' && !modern.speaksLegacy) return openedBy(modern, 'modern');
  // One that is slow to start has both questions waiting then, and answers them in turn.
  const legacy = await initialize(target, hello, spec.initTimeoutMs);
  const late = said();
  withdraw();
  if (legacy.kind === 'silent' || legacy.kind === 'gone') return { kind: 'again' };
  if (legacy.kind !== 'open') return openedBy(late?.kind === 'open' ? late : legacy, 'modern');
  if (late?.kind !== 'open') eras.found(spec.key, 'legacy');
  return openedBy(legacy, 'legacy');
}

function openedBy(greeting: Greeting, era: Era): Opened {
  if (greeting.kind === 'open') return { kind: 'open', era, capabilities: greeting.capabilities };
  return { kind: 'failed', reason: greeting.reason };
}
