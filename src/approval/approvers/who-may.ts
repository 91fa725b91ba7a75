import type { ApprovalRow } from '../../store/approval-contract.ts';
import type { ApproverReader } from '../../store/approver-contract.ts';
import { type Approver, groupPrefix, isEnrolled, isNamed, isRequester } from './separation.ts';

interface Terms {
  /** `approvals.requireCredential` and `approvals.quorum` as they are configured now. */
  readonly requireCredential: boolean;
  readonly quorum: number;
  readonly osUser: string;
}

/** Who could say yes today, and what of what waits nobody can answer. */
export interface WhoMay {
  /** `terminal`: whoever sits at one of this user. `nobody`: a credential is required, and nobody has one. */
  readonly by: 'nobody' | 'terminal' | 'credential';
  readonly approvers: readonly string[];
  readonly groups: readonly Group[];
  readonly warnings: readonly string[];
}

export interface Group {
  readonly group: string;
  readonly members: readonly string[];
}

const mostWarnings = 5;

/** `pending` is what waits now. */
export function whoMay(
  reader: ApproverReader,
  terms: Terms,
  pending: readonly ApprovalRow[],
): WhoMay {
  const approvers = reader.approvers().map((each) => each.name);
  const groups = groupsOf(reader);
  const warnings = [
    ...quorumWarning(terms, approvers.length),
    ...unanswerable(reader, terms, pending),
  ];
  const by = approvers.length > 0 ? 'credential' : terms.requireCredential ? 'nobody' : 'terminal';
  return { by, approvers, groups, warnings };
}

/** The groups of those who have a credential, with their members, by name. */
export function groupsOf(reader: ApproverReader): readonly Group[] {
  const members = reader.memberships().filter((each) => isEnrolled(reader, each.approver));
  return [...new Set(members.map((each) => each.group))].map((group) => ({
    group,
    members: members.filter((each) => each.group === group).map((each) => each.approver),
  }));
}

function quorumWarning(terms: Terms, enrolled: number): readonly string[] {
  const able = enrolled > 0 ? enrolled : terms.requireCredential ? 0 : 1;
  if (terms.quorum <= able) return [];
  return [`"approvals.quorum" asks for ${terms.quorum}, and ${people(able)} could answer`];
}

// What has the same terms has the same answer: an agent that asks for a lot gets one line and costs one look.
function unanswerable(
  reader: ApproverReader,
  terms: Terms,
  pending: readonly ApprovalRow[],
): readonly string[] {
  const kinds = new Map<string, ApprovalRow[]>();
  for (const row of pending) {
    const { requester, approvers, quorum, requiresCredential } = row;
    const key = JSON.stringify([requester, approvers, quorum, requiresCredential]);
    const like = kinds.get(key);
    if (like === undefined) kinds.set(key, [row]);
    else like.push(row);
  }
  const lines = [...kinds.values()].flatMap((rows) => warningFor(reader, terms, rows));
  const more = lines.length - mostWarnings;
  if (more <= 0) return lines;
  return [...lines.slice(0, mostWarnings), `and ${more} more such questions`];
}

function warningFor(
  reader: ApproverReader,
  terms: Terms,
  rows: readonly ApprovalRow[],
): readonly string[] {
  const [row] = rows;
  if (row === undefined) return [];
  const able = ableTo(reader, terms, row).length;
  if (able >= row.quorum) return [];
  const others = rows.length === 1 ? '' : ` and ${rows.length - 1} more`;
  const from = row.approvers.length === 0 ? '' : ` of ${row.approvers.join(', ')}`;
  const unknown = row.approvers.filter((name) => isUnknown(reader, name));
  const because = unknown.length === 0 ? '' : `: ${unknown.join(', ')} does not exist`;
  return [
    `${row.id}${others} cannot be approved: it takes ${row.quorum}${from}, and ${people(able)} could answer${because}`,
  ];
}

function ableTo(reader: ApproverReader, terms: Terms, row: ApprovalRow): readonly Approver[] {
  const enrolled = reader.approvers();
  const isTerminalProof =
    enrolled.length === 0 && !terms.requireCredential && !row.requiresCredential;
  const all: readonly Approver[] = isTerminalProof
    ? [{ kind: 'terminal', name: terms.osUser }]
    : enrolled.map(({ name }) => ({ kind: 'credential', name }));
  return all.filter(
    (each) => !isRequester(row.requester, each) && isNamed(reader, row.approvers, each),
  );
}

function isUnknown(reader: ApproverReader, listed: string): boolean {
  if (listed.startsWith('os:')) return false;
  if (!listed.startsWith(groupPrefix)) return !isEnrolled(reader, listed);
  return groupsOf(reader).every(({ group }) => groupPrefix + group !== listed);
}

function people(count: number): string {
  if (count === 0) return 'nobody';
  return count === 1 ? 'one person' : `${count} people`;
}
