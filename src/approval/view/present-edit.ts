import { timestamp } from '../../core/clock.ts';
import { isObject, type JsonObject } from '../../core/json.ts';
import { parseJson } from '../../core/parse-json.ts';
import { printable } from '../../core/printable.ts';
import type { ApprovalRow } from '../../store/approval-contract.ts';
import type { Reader } from '../../store/contract.ts';
import { latest, original } from '../edits/versions.ts';
import { changeLines, changesOf } from './changes.ts';
import { wrap } from './wrap.ts';

/** What `approvals show --format json` says of a change of the arguments. */
export function editFacts(reader: Reader, row: ApprovalRow) {
  const now = latest(reader, row);
  return {
    edited: editedFacts(reader, row),
    changed_into: now.id === row.id ? null : now.id,
  } as const;
}

type Facts = ReturnType<typeof editFacts>;

function editedFacts(reader: Reader, row: ApprovalRow) {
  if (row.edited === undefined) return null;
  const { by, via, of, atMs } = row.edited;
  const first = original(reader, row);
  const asked_arguments = first === undefined ? null : argumentsOf(reader, first);
  return { by, via, at: timestamp(atMs), from: of, asked_arguments } as const;
}

function argumentsOf(reader: Reader, row: ApprovalRow): JsonObject | null {
  const value: unknown = parseJson(reader.payload(row.argumentsPayload)?.toString() ?? 'null');
  return isObject(value) ? value : null;
}

interface Shown extends Facts {
  readonly arguments: JsonObject | null;
}

/** Below the arguments: that they are not what the agent asked with, whose they are, and in which places they differ. */
export function editLines(detail: Shown, columns: number): readonly string[] {
  const { edited, changed_into: into } = detail;
  if (edited === null) return into === null ? [] : [`changed     into ${into}`];
  const { by, via, at, from, asked_arguments: asked } = edited;
  const head = `changed     by ${by} (${via}) at ${at}, from ${from}`;
  return [
    ...wrap(printable(head), columns),
    ...(asked === null || detail.arguments === null
      ? ['  (what the agent had asked with is erased)']
      : differences(asked, detail.arguments, columns)),
  ];
}

/** How many places, and each of them. */
export function differences(
  before: JsonObject,
  after: JsonObject,
  columns: number,
): readonly string[] {
  const changes = changesOf(before, after);
  const places = changes.length === 1 ? '1 place' : `${changes.length} places`;
  return [
    `differs     from what the agent asked with, in ${places}:`,
    ...changeLines(changes, columns),
  ];
}
