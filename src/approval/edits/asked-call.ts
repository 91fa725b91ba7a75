import { canonical } from '../../core/canonical.ts';
import { GateError } from '../../core/errors.ts';
import { isObject, type JsonObject } from '../../core/json.ts';
import { parseJson } from '../../core/parse-json.ts';
import type { ApprovalRow } from '../../store/approval-contract.ts';
import type { Reader } from '../../store/contract.ts';
import { original } from './versions.ts';

/** What an approval says about the arguments of a tool call, and what it would say about others. */
export interface AskedCall {
  readonly arguments: JsonObject;
  /** RFC 8785 text of what an approval with these arguments is bound to: whatever else the request carries stays as it is. */
  readonly with: (args: JsonObject) => string;
}

/** The call that an approval is about; undefined for what is no tool call, and where its record is not whole any more. */
export function askedCall(reader: Reader, row: ApprovalRow): AskedCall | undefined {
  const first = original(reader, row);
  const asked = first && requestedEntry(reader, first);
  const bytes = reader.payload(row.argumentsPayload);
  const { action, grant_key: grantKey } = asked ?? {};
  // A gate that does not write this member yet says nothing about what else the request carries.
  if (bytes === undefined || action !== 'tools/call' || grantKey === undefined) return undefined;
  const value: unknown = parseJson(bytes.toString());
  if (!isObject(value)) return undefined;
  if (grantKey !== null) return { arguments: value, with: canonical };
  const { arguments: args, params } = value;
  if (!isObject(args) || !isObject(params)) return undefined;
  return { arguments: args, with: (changed) => canonical({ arguments: changed, params }) };
}

/** The entry that was written when the question was put. */
export function requestedEntry(reader: Reader, row: ApprovalRow): JsonObject | undefined {
  return reader.journal
    .trace(row.traceId)
    .filter((entry) => entry.kind === 'approval.requested')
    .map((entry): unknown => parseJson(entry.body))
    .filter(isObject)
    .find((body) => body['approval_id'] === row.id && body['binding'] === row.binding);
}

/** Why the arguments of an approval cannot be changed. */
export function notEditable({ id }: ApprovalRow): GateError {
  const message = `approval "${id}" cannot be changed: it is for no tool call, or its record is not whole`;
  return new GateError('approval_refused', message, { hint: 'approve it as it is, or deny it' });
}
