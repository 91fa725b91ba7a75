import { approvalSummary } from '../../approval/view/present.ts';
import { differing, groupText, similarAmong } from '../../approval/view/similar.ts';
import type { ApprovalRow } from '../../store/approval-contract.ts';
import type { Reader } from '../../store/contract.ts';
import type { Alike } from './approvals-screen.ts';

/** Of so many of one group the arguments are compared: the screen is drawn at every change. */
const mostCompared = 20;

/** Of what is alike only the oldest, with what it stands for; a decision about it is about it alone. */
export function folded(reader: Reader, pending: readonly ApprovalRow[], nowMs: number) {
  const alike = new Map<string, Alike>();
  const shown = similarAmong(pending).flatMap((group) => {
    const [oldest] = group.rows;
    if (oldest === undefined) return [];
    if (group.rows.length > 1) {
      const some = group.rows.slice(0, mostCompared);
      const given = some.map((row) => approvalSummary(reader, row, nowMs).arguments);
      const text = groupText(group, differing(given));
      alike.set(oldest.id, { more: group.rows.length - 1, text });
    }
    return [oldest];
  });
  return { shown, alike };
}
