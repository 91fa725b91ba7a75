import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Identity } from '../../core/tool-call.ts';
import type { ClientHello } from '../../upstream/contract.ts';
import type { Host } from '../contract.ts';
import type { ByteBudget } from './budget.ts';
import type { HeaderParams, HttpLimits } from './contract.ts';
import type { InFlight } from './in-flight.ts';
import type { Metrics } from './metrics.ts';
import { type Refusal, refusal, refuse } from './refusal.ts';

/** What all endpoints of one face share. */
export interface Floor {
  readonly host: Host;
  readonly headerParams: HeaderParams;
  readonly limits: HttpLimits;
  readonly inFlight: InFlight;
  readonly metrics: Metrics;
  readonly bodies: ByteBudget;
  readonly replays: ByteBudget;
  readonly now: () => number;
  readonly version: string;
  readonly instructions: () => string;
  readonly tasksFor?: (clientName: string) => boolean;
  /** The face is about to end: what is under way goes on, and nothing new starts. */
  readonly isDraining: () => boolean;
  /** For whoever would have a stream stand on a credential that has run out. */
  readonly expired: Refusal;
}

/** One HTTP request of a known caller. */
export interface Visit {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly identity: Identity;
  /** When the caller's credential runs out. */
  readonly untilMs: number;
  readonly startedMs: number;
}

export function turnAway(
  { metrics }: Floor,
  { req, res }: Pick<Visit, 'req' | 'res'>,
  reason: Refusal,
  id: string | number | null = null,
): void {
  metrics.counted('http', 'refused', reason.status);
  refuse(req, res, reason, id);
}

/** A message was taken that gets no answer here. */
export function accept(
  { metrics }: Floor,
  { res }: Pick<Visit, 'res'>,
  kind: 'notification' | 'response' | 'request',
): void {
  metrics.counted(kind, 'accepted', 202);
  res.writeHead(202, noBody).end();
}

/** What speaks against a stream that stands until somebody ends it. */
export function standingFault({ now, expired }: Floor, { untilMs }: Visit): Refusal | undefined {
  return now() < untilMs ? undefined : expired;
}

/** Opens the client of a session at the host. */
export function openClient(
  { host }: Floor,
  hello: ClientHello,
  identity: Identity,
  outlet: Parameters<Host['legacy']>[0]['outlet'],
) {
  return host.legacy({ hello, identity, outlet, alone: false });
}

export const draining = refusal(503, 'the gate is shutting down', ['Retry-After', '5']);

const noBody = ['Content-Length', '0'];
