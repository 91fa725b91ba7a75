import { CredentialGuard } from '../approval/approvers/credential-guard.ts';
import type { Approver } from '../approval/approvers/separation.ts';
import { decideApproval } from '../approval/decide.ts';
import { approvalDetail } from '../approval/view/present.ts';
import type { Clock } from '../core/clock.ts';
import { GateError } from '../core/errors.ts';
import type { PageAnswer, Pages, PageVisit } from '../downstream/http/page-contract.ts';
import type { ApprovalRow } from '../store/approval-contract.ts';
import type { Store } from '../store/contract.ts';
import { callPage, decidedPage, formPage, plainPage } from './approval-text.ts';
import { style } from './html.ts';

interface ApprovalPageParts {
  readonly url: string;
  readonly store: Store;
  readonly clock: Clock;
  /** Somebody was not let in; from where is all that is told of it. */
  readonly onRefused: (remoteAddress: string) => void;
  readonly onFailed: (cause: unknown) => void;
}

type Fields = ReadonlyMap<string, string>;

/**
 * Where an approver looks at a call and answers, away from the agent's client. Ids leak with addresses, so an id alone shows
 * nothing, not even whether it is one: every form that is sent carries a credential, and only an enrolled one counts.
 * The credential is neither kept, nor shown again, nor written anywhere.
 */
export function createApprovalPages(parts: ApprovalPageParts): Pages {
  const guard = new CredentialGuard(parts);
  return {
    url: parts.url,
    style,
    answer: async (visit) => {
      try {
        return await answer(parts, guard, visit);
      } catch (thrown) {
        parts.onFailed(thrown);
        return unavailable(thrown);
      }
    },
  };
}

async function answer(
  parts: ApprovalPageParts,
  guard: CredentialGuard,
  { name, fields, remoteAddress }: PageVisit,
): Promise<PageAnswer> {
  if (fields === undefined) return { status: 200, html: formPage() };
  const admission = await guard.admit(fields.get('credential')?.trim() ?? '', remoteAddress);
  switch (admission.kind) {
    case 'later': {
      const { retryAfterS } = admission;
      return { status: 429, html: formPage('Too many tries. Try again later.'), retryAfterS };
    }
    case 'refused':
      parts.onRefused(remoteAddress);
      return { status: 403, html: formPage('That credential is not valid.') };
    case 'known':
      return admitted(parts, name, fields, admission.approver);
  }
}

function admitted(
  parts: ApprovalPageParts,
  name: string,
  fields: Fields,
  approver: Approver,
): PageAnswer | Promise<PageAnswer> {
  // A whole id only: what an address names must be what its sender meant.
  const row = parts.store.approval(name);
  if (row === undefined) return { status: 404, html: plainPage('There is no such approval.') };
  const verdict = fields.get('verdict');
  if (verdict === undefined) return show(parts, row, approver, 200);
  if (verdict !== 'approve' && verdict !== 'deny') return badForm;
  return decide(parts, row, approver, verdict, fields);
}

function show(
  { store, clock }: ApprovalPageParts,
  row: ApprovalRow,
  { name }: Approver,
  status: number,
  said?: string,
): PageAnswer {
  return { status, html: callPage(approvalDetail(store, row, clock()), name, said) };
}

async function decide(
  parts: ApprovalPageParts,
  row: ApprovalRow,
  approver: Approver,
  verdict: 'approve' | 'deny',
  fields: Fields,
): Promise<PageAnswer> {
  const binding = fields.get('binding');
  if (binding === undefined) return badForm;
  const typed = fields.get('reason')?.trim() ?? '';
  const reason = typed === '' ? undefined : typed;
  try {
    const decided = await decideApproval(parts, { id: row.id, verdict, approver, reason, binding });
    return { status: 200, html: decidedPage(decided) };
  } catch (thrown) {
    const isAnswer = thrown instanceof GateError && answered.has(thrown.code);
    if (!isAnswer) throw thrown;
    const now = parts.store.approval(row.id) ?? row;
    return show(parts, now, approver, 409, `Nothing was decided: ${thrown.message}.`);
  }
}

/** What stands in the way of this answer, and is the approver's to know. */
const answered: ReadonlySet<string> = new Set(['approval_refused', 'usage', 'not_found']);

const badForm: PageAnswer = {
  status: 400,
  html: plainPage('That form is not one of this page.'),
};

// What went wrong is for the log of the gate; nothing of a store's own words reaches a browser.
function unavailable(thrown: unknown): PageAnswer {
  const isStore = thrown instanceof GateError && thrown.code === 'store_unavailable';
  const said = 'Nothing was decided: the gate cannot do that at the moment.';
  return { status: isStore ? 503 : 500, html: plainPage(said) };
}
