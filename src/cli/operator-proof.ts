import { resolveApprover } from '../approval/approvers/identity.ts';
import { type Approver, whyNotTerminal } from '../approval/approvers/separation.ts';
import { osIdentity } from '../facts/identity.ts';
import type { Store } from '../store/contract.ts';
import { type Io, isInteractive } from './io.ts';
import { isCredentialRequired, type Place } from './state.ts';

/**
 * Who loosens something, by the proof that an approval takes: a terminal while nobody has a credential and none is
 * required, else one of those.
 */
export async function proveOperator(io: Io, store: Store, place: Place): Promise<Approver> {
  const approver = await resolveApprover(store, {
    env: io.env,
    isTerminal: isInteractive(io),
    osUser: osIdentity().id ?? '',
    as: undefined,
  });
  const hindrance = whyNotTerminal(store, approver, isCredentialRequired(place, store));
  if (hindrance !== undefined) throw hindrance;
  return approver;
}

/** As it stands in the journal: `approver:alice`, or `os:alice` for a terminal. */
export function operatorName({ kind, name }: Approver): string {
  return kind === 'credential' ? `approver:${name}` : `os:${name}`;
}
