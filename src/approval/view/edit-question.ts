import { digestOf } from '../../core/digest.ts';
import { isObject, type JsonObject } from '../../core/json.ts';
import { parseJson } from '../../core/parse-json.ts';
import type { ApprovalRow } from '../../store/approval-contract.ts';
import type { Reader } from '../../store/contract.ts';
import { askedCall, notEditable } from '../edits/asked-call.ts';
import { original } from '../edits/versions.ts';
import { approvalDetail } from './present.ts';
import { differences } from './present-edit.ts';
import { questionOf } from './question.ts';

/** The arguments that an approver may change: those that the approval is about now. */
export function editableArguments(reader: Reader, row: ApprovalRow): JsonObject {
  const asked = askedCall(reader, row);
  if (asked !== undefined) return asked.arguments;
  throw notEditable(row);
}

/**
 * What is asked in a terminal about a call with the arguments that somebody wrote: all of it as it will run, and where that
 * is not what the agent asked for.
 */
export function editQuestion(
  reader: Reader,
  row: ApprovalRow,
  args: JsonObject,
  nowMs: number,
  columns: number,
  asks: string,
) {
  const text = askedCall(reader, row)?.with(args) ?? '';
  const shown = objectIn(text);
  const before = objectIn(reader.payload((original(reader, row) ?? row).argumentsPayload));
  const detail = {
    ...approvalDetail(reader, row, nowMs),
    arguments: shown,
    arguments_digest: digestOf(text),
    edited: null,
  };
  const changed = differences(before, shown, columns);
  return questionOf(detail, columns, {
    grant: changed,
    words: { asks, whole: 'it is as you wrote it' },
  });
}

function objectIn(text: Buffer | string | undefined): JsonObject {
  const value: unknown = parseJson(text?.toString() ?? '{}');
  return isObject(value) ? value : {};
}
