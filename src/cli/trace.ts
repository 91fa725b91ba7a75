import { isObject, type JsonObject } from '../core/json.ts';
import { parseJson } from '../core/parse-json.ts';
import type { StoredEntry } from '../store/contract.ts';
import { findTrace } from './find-trace.ts';
import { type Io, painter, print, printJson, tell } from './io.ts';
import type { ReadingOptions } from './options.ts';
import { findPlace, withStore } from './state.ts';
import { decisionLine, entryLines } from './trace-lines.ts';

const listed = 20;

/** One trace from its first entry to its last; without one, the last decisions, the newest at the end. */
export async function showTrace(
  io: Io,
  trace: string | undefined,
  options: ReadingOptions,
): Promise<number> {
  return withStore(await findPlace(io, options), 'refuse', async (store) => {
    const paint = painter(io, io.stdout);
    if (trace === undefined) {
      const entries = store.journal.last(listed, ['decision']).toReversed().map(entryJson);
      if (options.format === 'json') printJson(io, entries);
      else if (entries.length === 0) tell(io, 'nothing has been decided yet');
      else
        print(
          io,
          entries.map((entry) => decisionLine(entry, paint)),
        );
      return 0;
    }
    const id = findTrace(store, trace);
    const entries = store.journal.trace(id).map(entryJson);
    if (options.format === 'json') printJson(io, { trace_id: id, entries });
    else print(io, [`trace ${id}`, ...entries.flatMap((entry) => entryLines(entry, paint))]);
    return 0;
  });
}

/** An entry as it was sealed, with where it stands in the ledger. */
function entryJson({ seq, leaf, body }: StoredEntry): JsonObject {
  const parsed: unknown = parseJson(body);
  return { seq, leaf, ...(isObject(parsed) ? parsed : {}) };
}
