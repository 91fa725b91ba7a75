import { GateError } from '../../core/errors.ts';
import type { Era } from '../../wire/eras.ts';
import type { EraVerdicts } from '../run.ts';
import type { RemoteSpec } from '../server-spec.ts';
import { type OpenedSession, type ProbeParts, type ProbeResult, probe } from './era-probe.ts';

/**
 * Opens a session in the era that the config asks for. `auto` takes the one that the server is known to speak, else the
 * client's, and falls back to the other where the server says that it does not speak the first (MCP 2026-07-28, Streamable
 * HTTP, backward compatibility). Rejects with `upstream_unavailable`.
 */
export async function openSession(
  spec: RemoteSpec,
  parts: ProbeParts,
  eras: EraVerdicts,
): Promise<OpenedSession> {
  if (spec.protocol !== 'auto') {
    return openedOr(await probe(spec.protocol, parts), (reason) => reason);
  }
  const known = eras.of(spec.key);
  const first = known ?? parts.hello.era;
  const result = await probe(first, parts);
  if (result.kind !== 'other') {
    const opened = openedOr(result, (reason) => reason);
    if (opened.isOnlyEra) eras.found(spec.key, opened.era);
    return opened;
  }
  // What it spoke before says nothing any more.
  if (known !== undefined) eras.found(spec.key, undefined);
  const second = other(first);
  const fallback = await probe(second, parts);
  const opened = openedOr(fallback, (reason) => both(result, fallback, reason));
  eras.found(spec.key, second);
  return opened;
}

function openedOr(result: ProbeResult, words: (reason: string) => string): OpenedSession {
  if (result.kind === 'opened') return result.opened;
  throw new GateError('upstream_unavailable', words(result.reason));
}

const noEndpoint: ReadonlySet<number> = new Set([400, 404, 405]);

/** A server of neither era may be one of HTTP+SSE, whose URL takes no POST. */
function both(first: ProbeResult, second: ProbeResult, reason: string): string {
  if (first.kind !== 'other' || second.kind !== 'other') return reason;
  const isAbsent = noEndpoint.has(first.status) && noEndpoint.has(second.status);
  const hint = isAbsent ? '; if it is a server of HTTP+SSE, set its "type" to "sse"' : '';
  return `${first.reason}; ${reason}${hint}`;
}

function other(era: Era): Era {
  return era === 'modern' ? 'legacy' : 'modern';
}
