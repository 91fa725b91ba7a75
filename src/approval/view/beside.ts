import type { ApprovalRow } from '../../store/approval-contract.ts';
import type { Reader } from '../../store/contract.ts';
import { historyLines, historyOf } from './history.ts';
import { lookalikeLines } from './lookalikes.ts';
import type { Detail } from './present.ts';

/** What whoever answers should know beside the call itself. */
export function besideLines(
  reader: Reader,
  row: ApprovalRow,
  detail: Detail,
  columns: number,
): readonly string[] {
  return [...lookalikeLines(detail, columns), ...historyLines(historyOf(reader, row), columns)];
}
