import type { Clock } from '../../core/clock.ts';
import { GateError } from '../../core/errors.ts';
import type { Store, Tx } from '../../store/contract.ts';
import { newSecret, parseApproverName, verifyCredential } from './credential.ts';
import { groupPrefix, isEnrolled } from './separation.ts';

interface Parts {
  readonly store: Store;
  readonly clock: Clock;
}

/** Who changes the list: an approver's credential once there is one, the operating system's user before. */
export interface ChangedBy {
  readonly credential: string | undefined;
  readonly osUser: string;
}

interface NewApprover {
  readonly name: string;
  /** `NAME:SECRET`, to be shown once; only a hash of it is kept. */
  readonly secret: string;
}

export async function addApprover(
  { store, clock }: Parts,
  name: string,
  by: ChangedBy,
  groups: readonly string[] = [],
): Promise<NewApprover> {
  parseApproverName(name);
  const wanted = [...new Set(groups.map(parseGroupName))];
  const proven = await provenName(store, by);
  const { secret, hash } = await newSecret();
  const problem = await store.write('decision', (tx) => {
    const refusal = whyNot(tx, proven) ?? whyClosed(tx, wanted, proven);
    if (refusal !== undefined) return refusal;
    if (tx.approvers().some((each) => each.name === name)) {
      return new GateError('usage', `approver "${name}" exists already`, {
        hint: `mcp-gate approvers remove ${name}`,
      });
    }
    const nowMs = clock();
    const addedBy = proven ?? `os:${by.osUser}`;
    tx.putApprover({ name, secret: hash, createdMs: nowMs, addedBy });
    for (const group of wanted) {
      tx.addMember({ group, approver: name, addedBy, createdMs: nowMs });
    }
    const fields = { name, groups: wanted, by: addedBy };
    tx.append({ kind: 'approver.added', timeMs: nowMs, fields });
    return undefined;
  });
  if (problem !== undefined) throw problem;
  return { name, secret: `${name}:${secret}` };
}

export async function removeApprover(
  { store, clock }: Parts,
  name: string,
  by: ChangedBy,
): Promise<void> {
  const proven = await provenName(store, by);
  const problem = await store.write('decision', (tx) => {
    const refusal = whyNot(tx, proven) ?? whyClosed(tx, groupsOf(tx, name), proven);
    if (refusal !== undefined) return refusal;
    if (!tx.removeApprover(name)) return noApprover(name);
    const fields = { name, by: proven ?? `os:${by.osUser}` };
    tx.append({ kind: 'approver.removed', timeMs: clock(), fields });
    return undefined;
  });
  if (problem !== undefined) throw problem;
}

/** Puts an approver into a group, or takes them out of it; by the credential of one who is in it, once somebody is. */
export async function changeMembership(
  { store, clock }: Parts,
  change: 'join' | 'leave',
  { name, group: given }: { readonly name: string; readonly group: string },
  by: ChangedBy,
): Promise<void> {
  const group = parseGroupName(given);
  const proven = await provenName(store, by);
  const problem = await store.write('decision', (tx) => {
    const refusal = whyNot(tx, proven) ?? whyClosed(tx, [group], proven);
    if (refusal !== undefined) return refusal;
    if (!isEnrolled(tx, name)) return noApprover(name);
    const nowMs = clock();
    const addedBy = proven ?? `os:${by.osUser}`;
    const done =
      change === 'join'
        ? tx.addMember({ group, approver: name, addedBy, createdMs: nowMs })
        : tx.removeMember(group, name);
    if (!done) {
      const found = change === 'join' ? 'is in group' : 'is not in group';
      return new GateError('not_found', `approver "${name}" ${found} "${group}"`, {
        hint: 'mcp-gate approvers groups',
      });
    }
    const kind = change === 'join' ? 'approver.grouped' : 'approver.ungrouped';
    tx.append({ kind, timeMs: nowMs, fields: { name, group, by: addedBy } });
    return undefined;
  });
  if (problem !== undefined) throw problem;
}

function noApprover(name: string): GateError {
  const message = `approver "${name.slice(0, 64)}" does not exist`;
  return new GateError('not_found', message, { hint: 'mcp-gate approvers list' });
}

/** Policy writes `group:finance`, and so may whoever types it here. */
function parseGroupName(name: string): string {
  return parseApproverName(name.startsWith(groupPrefix) ? name.slice(groupPrefix.length) : name);
}

function provenName(store: Store, { credential }: ChangedBy): Promise<string | undefined> {
  return credential === undefined || credential === ''
    ? Promise.resolve(undefined)
    : verifyCredential(store, credential);
}

// Decided on the list as the transaction sees it: of two first approvers one is first, and a removed one adds nobody.
function whyNot(tx: Tx, proven: string | undefined): GateError | undefined {
  const approvers = tx.approvers();
  if (approvers.length === 0 || approvers.some((each) => each.name === proven)) return undefined;
  return new GateError(
    'credential_refused',
    'the list of approvers is not empty, expected the credential of one of them',
    { hint: 'set MCP_GATE_APPROVER=NAME:SECRET' },
  );
}

function groupsOf(tx: Tx, name: string): readonly string[] {
  return tx
    .memberships()
    .filter(({ approver }) => approver === name)
    .map(({ group }) => group);
}

// Whoever could let themselves into a group, or empty it first, could answer for it.
function whyClosed(
  tx: Tx,
  groups: readonly string[],
  proven: string | undefined,
): GateError | undefined {
  const members = tx.memberships();
  const isIn = (group: string) =>
    members.some((each) => each.group === group && each.approver === proven);
  const isTaken = (group: string) => members.some((each) => each.group === group);
  const closed = groups.find((group) => isTaken(group) && !isIn(group));
  if (closed === undefined) return undefined;
  return new GateError(
    'credential_refused',
    `who is in group "${closed}" is up to its members, expected the credential of one of them`,
    { hint: 'mcp-gate approvers groups' },
  );
}
