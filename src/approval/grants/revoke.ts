import type { Clock } from '../../core/clock.ts';
import { GateError } from '../../core/errors.ts';
import type { Store } from '../../store/contract.ts';
import type { GrantRow } from '../../store/grant-contract.ts';
import { findGrant } from '../approval-id.ts';
import type { Approver } from '../approvers/separation.ts';
import { approvalEntry } from '../record.ts';

/** Ends a standing grant for every gate, before its next use. Like a no it is safe in anybody's name. */
export async function revokeGrant(
  { store, clock }: { readonly store: Store; readonly clock: Clock },
  typed: string,
  { kind, name }: Approver,
  reason: string | undefined,
): Promise<GrantRow> {
  const { id, approvalId, used } = findGrant(store, typed);
  const revoked = await store.write('decision', (tx) => {
    const approval = tx.approval(approvalId);
    const nowMs = clock();
    if (approval === undefined || !tx.revokeGrant(id, { atMs: nowMs, by: name })) return undefined;
    tx.append(
      approvalEntry('approval.revoked', approval, nowMs, {
        grant_id: id,
        approver: name,
        verified: kind !== 'claimed',
        via: kind === 'credential' ? 'credential' : 'terminal',
        reason: reason?.toWellFormed().slice(0, 2000) ?? null,
        used: tx.grant(id)?.used ?? used,
      }),
    );
    return tx.grant(id);
  });
  if (revoked !== undefined) return revoked;
  throw new GateError('approval_refused', `grant "${id}" is revoked already`);
}
