import { timestamp } from '../../core/clock.ts';
import { digestOf } from '../../core/digest.ts';
import { GateError } from '../../core/errors.ts';
import { randomBytes, uuidv7 } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import { readStrict } from '../../core/strict-json.ts';
import type { ApprovalRow } from '../../store/approval-contract.ts';
import type { Tx } from '../../store/contract.ts';
import type { Edit } from '../../store/edit-contract.ts';
import type { Approver } from '../approvers/separation.ts';
import { bindingOf } from '../binding.ts';
import { approvalEntry, unusedId } from '../record.ts';
import { askedCall, notEditable, requestedEntry } from './asked-call.ts';
import { original } from './versions.ts';

const dayMs = 86_400_000;

/** What a person writes is smaller. */
const maxEditedBytes = 4 * 1_048_576;

/**
 * Puts another question in the place of a pending one, in the transaction of the yes that goes with it: the same call with
 * arguments that a person wrote. It is bound to those, and to the question that it takes the place of. Votes belong to an
 * approval, so none for the old arguments counts for the new ones; the time that people have stays what it was.
 */
export function putEdit(
  tx: Tx,
  row: ApprovalRow,
  args: JsonObject,
  { kind, name }: Approver,
  nowMs: number,
): ApprovalRow | GateError {
  if (kind === 'claimed') return unproven();
  const asked = askedCall(tx, row);
  const first = original(tx, row);
  if (asked === undefined || first === undefined) return notEditable(row);
  const text = asked.with(args);
  const bytes = Buffer.from(text);
  if (bytes.length > maxEditedBytes) return tooLarge(bytes.length);
  // What a client may not send, a person may not either: `__proto__`, half characters, endless nesting.
  const read = readStrict(bytes);
  if (read.kind !== 'value') return unsendable(read.reason);
  const same = [row, first].find((each) => tx.payload(each.argumentsPayload)?.equals(bytes));
  if (same !== undefined) return unchanged(same, row);
  const by = { by: name, via: kind, atMs: nowMs };
  const edited = edit(tx, row, bytes, { of: row.id, ofBinding: row.binding, ...by });
  tx.moveApproval(row.id, 'pending', { state: 'cancelled', decidedMs: nowMs });
  tx.append(approvalEntry('approval.cancelled', row, nowMs, { superseded_by: edited.id }));
  return edited;
}

function edit(tx: Tx, row: ApprovalRow, bytes: Buffer, made: Edit): ApprovalRow {
  const salt = randomBytes(32);
  const id = unusedId(tx);
  // Of two questions about one call the newer one counts, and a clock may stand still or go back.
  const createdMs = Math.max(made.atMs, row.createdMs + 1);
  const argumentsPayload = uuidv7(made.atMs);
  const parts = { ...row, id, createdMs, argumentsPayload, edited: made };
  const edited: ApprovalRow = { ...parts, binding: bindingOf(parts, bytes) };
  const expiresMs = row.expiresMs + dayMs;
  tx.putPayload({ id: argumentsPayload, kind: 'approval', bytes, salt, expiresMs });
  tx.putApproval(edited);
  const commitment = digestOf(Buffer.concat([salt, bytes]));
  tx.append(approvalEntry('approval.edited', edited, made.atMs, fieldsOf(tx, edited, commitment)));
  return edited;
}

/** Both versions, neither of them readable from the entry: what they say is in the payloads, for as long as those are kept. */
function fieldsOf(tx: Tx, edited: ApprovalRow, commitment: string): JsonObject {
  const first = original(tx, edited);
  const asked = first && requestedEntry(tx, first);
  return {
    approver: edited.edited?.by ?? null,
    via: edited.edited?.via ?? null,
    edited_from: edited.edited?.of ?? null,
    arguments_commitment: commitment,
    arguments_payload: edited.argumentsPayload,
    asked: {
      approval_id: first?.id ?? null,
      arguments_commitment: asked?.['arguments_commitment'] ?? null,
      arguments_payload: first?.argumentsPayload ?? null,
      binding: first?.binding ?? null,
    },
    ...{ server: edited.server, tool: edited.tool.slice(0, 500), rules: edited.rules },
    ...{ quorum: edited.quorum, approvers: edited.approvers, requester: edited.requester },
    expires: timestamp(edited.expiresMs),
  };
}

/** Why somebody whom nothing proves changes no arguments. */
export function unproven(): GateError {
  const message = 'a claimed name changes nothing: expected a terminal or a credential';
  const hint = 'leave out --as, or set MCP_GATE_APPROVER=NAME:SECRET';
  return new GateError('approval_refused', message, { hint });
}

function unsendable(reason: string): GateError {
  return new GateError('usage', `the arguments cannot be sent: ${reason}`);
}

function tooLarge(bytes: number): GateError {
  const message = `the arguments have ${bytes} bytes, expected at most ${maxEditedBytes}`;
  return new GateError('usage', message);
}

function unchanged(same: ApprovalRow, row: ApprovalRow): GateError {
  return same.id === row.id
    ? new GateError('usage', 'the arguments are what they were, expected a change', {
        hint: `mcp-gate approve ${row.id}`,
      })
    : new GateError('approval_refused', 'these are the arguments that the agent had asked with', {
        hint: `mcp-gate deny ${row.id}: the agent may then ask again`,
      });
}
