import { timestamp } from '../../core/clock.ts';
import { printable } from '../../core/printable.ts';
import type { ApprovalRow } from '../../store/approval-contract.ts';
import type { Reader } from '../../store/contract.ts';
import type { GrantRow } from '../../store/grant-contract.ts';
import { wrap } from '../view/wrap.ts';
import { grantState, termsOfGrant } from './grant.ts';
import type { ArgumentTerms, GrantTerms } from './grant-terms.ts';

/** What `grants list --format json` says of one grant. */
export function grantSummary(reader: Reader, row: GrantRow, nowMs: number) {
  return {
    id: row.id,
    state: grantState(reader, row, nowMs),
    server: row.server,
    tool: row.tool,
    arguments: termsOfGrant(reader, row)?.arguments ?? null,
    requester: row.requester,
    uses: row.uses ?? null,
    used: row.used,
    rules: row.rules,
    approvers: row.decidedBy,
    approval_id: row.approvalId,
    policy_digest: row.policyDigest,
    environment: row.environment,
    created_at: timestamp(row.createdMs),
    expires_at: timestamp(row.expiresMs),
    revoked_at: row.revokedMs === undefined ? null : timestamp(row.revokedMs),
    revoked_by: row.revokedBy ?? null,
  } as const;
}

type Summary = ReturnType<typeof grantSummary>;

/** One grant in `grants list`: a line, and what of it does not fit into `columns`. */
export function grantLines(summary: Summary, columns: number): readonly string[] {
  const { id, state, server, tool, arguments: terms, requester, expires_at } = summary;
  const said = terms === null ? '(erased)' : argumentsText(terms);
  const uses = `used ${summary.used}${summary.uses === null ? '' : ` of ${summary.uses}`}`;
  const by = `granted by ${summary.approvers.join(', ')}`;
  const line = `${id}  ${state}  ${server}/${tool}  ${said}  for ${requester}  ${uses}  until ${expires_at}  ${by}`;
  return wrap(printable(line), columns);
}

/** What a yes with a grant would let through unasked, for the question that is put about it. */
export function wishLines(row: ApprovalRow, terms: GrantTerms, nowMs: number, columns: number) {
  const { server, tool, requester } = row;
  const many = terms.uses === undefined ? 'any number of calls' : `${terms.uses} more`;
  const line = `grant   ${many} of ${server}/${tool} by ${requester}, unasked, ${argumentsText(terms.arguments)}, until ${timestamp(nowMs + terms.lifeMs)}`;
  return wrap(printable(line), columns);
}

function argumentsText(terms: ArgumentTerms): string {
  switch (terms.kind) {
    case 'any':
      return 'with any arguments';
    case 'exact':
      return 'with the same arguments';
    case 'some': {
      const members = Object.entries(terms.values);
      const said = members.map(
        ([key, value]) => `${JSON.stringify(key)} = ${JSON.stringify(value)}`,
      );
      return `with ${said.join(' and ')}`;
    }
  }
}
