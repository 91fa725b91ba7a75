import type { Connection } from './connection.ts';
import type { Head, JournalReader, StoredEntry } from './contract.ts';
import type { Row } from './driver.ts';
import { bytes, integer, optionalText, text } from './row.ts';
import type { StatementName } from './sql.ts';

/** Reads the journal; `head` tells where it ends for this reader. */
export function readJournal(connection: Connection, head: () => Head): JournalReader {
  return {
    head,
    trace: (traceId) => connection.all('entriesOfTrace', traceId).map(toEntry),
    decision: (decisionId) => {
      const row = connection.get('decisionEntry', decisionId);
      return row === undefined ? undefined : toEntry(row);
    },
    outcome: (decisionId) => {
      const decided = connection.get('decisionEntry', decisionId);
      if (decided === undefined) return undefined;
      const [traceId, seq] = [optionalText(decided, 'trace_id'), integer(decided, 'seq')];
      if (traceId === undefined) return undefined;
      const row = connection.get('outcomeEntry', traceId, seq, decisionId);
      return row === undefined ? undefined : toEntry(row);
    },
    last: (count, kinds) =>
      kinds === undefined
        ? connection.all('lastEntries', count).map(toEntry)
        : lastOfKinds(connection, count, kinds),
    range: (from, count) => connection.all('entriesFrom', from, count).map(toEntry),
  };
}

export function readHead(connection: Connection): Head {
  const row = connection.get('head') ?? {};
  return { size: integer(row, 'size'), root: bytes(row, 'root').toString('hex') };
}

/** One indexed look-up per kind: a list of any length as one parameter is spelt differently in every database. */
function lastOfKinds(
  connection: Connection,
  count: number,
  kinds: readonly string[],
): readonly StoredEntry[] {
  return [...new Set(kinds)]
    .flatMap((kind) => connection.all(lastOf(kind), kind, count))
    .map(toEntry)
    .sort((a, b) => b.seq - a.seq)
    .slice(0, count);
}

function lastOf(kind: string): StatementName {
  return kind === 'decision' || kind === 'outcome' ? 'lastEntriesOfCallKind' : 'lastEntriesOfKind';
}

function toEntry(row: Row): StoredEntry {
  return {
    seq: integer(row, 'seq'),
    leaf: bytes(row, 'leaf').toString('hex'),
    kind: text(row, 'kind'),
    traceId: optionalText(row, 'trace_id'),
    body: text(row, 'body'),
  };
}
