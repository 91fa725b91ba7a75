import { GateError } from '../core/errors.ts';
import type { Reader } from '../store/contract.ts';

const shortestTyped = 4;
const searched = 5000;

/**
 * The trace that a person means: its id, a decision in it, or a beginning or an end of either that only one recent
 * trace has: ids begin with the time, so calls of one minute begin alike.
 * `last` is the trace of the newest decision.
 */
export function findTrace({ journal }: Pick<Reader, 'journal'>, typed: string): string {
  const text = typed.trim().toLowerCase();
  if (text === 'last') return journal.last(1, ['decision'])[0]?.traceId ?? unknown('last');
  if (journal.trace(text).length > 0) return text;
  const decided = journal.decision(text)?.traceId;
  if (decided !== undefined) return decided;
  if (text.length < shortestTyped) return unknown(typed);
  const recent = journal.last(searched, ['decision']).filter((entry) => isMeant(entry, text));
  const [first, second] = new Set(recent.map((entry) => entry.traceId));
  if (first === undefined) return unknown(typed);
  if (second === undefined) return first;
  throw new GateError('not_found', `"${typed}" names more than one trace`, {
    hint: 'type more of the id',
  });
}

function isMeant(
  { traceId = '', body }: { readonly traceId: string | undefined; readonly body: string },
  text: string,
): boolean {
  return [traceId, decisionOf(body)].some((id) => id.startsWith(text) || id.endsWith(text));
}

// The body is canonical JSON that the journal wrote: the member stands there in exactly this form.
function decisionOf(body: string): string {
  return /"decision_id":"([0-9a-f-]{36})"/.exec(body)?.[1] ?? '';
}

function unknown(typed: string): never {
  const what =
    typed === 'last' ? 'the journal holds no decision' : `no trace or decision "${typed}"`;
  throw new GateError('not_found', what, { hint: 'mcp-gate trace' });
}
