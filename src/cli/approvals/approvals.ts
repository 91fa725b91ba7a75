import { findApproval } from '../../approval/approval-id.ts';
import { besideLines } from '../../approval/view/beside.ts';
import { historyOf } from '../../approval/view/history.ts';
import {
  approvalDetail,
  approvalSummary,
  detailLines,
  summaryLines,
} from '../../approval/view/present.ts';
import { similarKey } from '../../approval/view/similar.ts';
import { type Io, print, printJson, tell } from '../io.ts';
import type { ReadingOptions } from '../options.ts';
import { findPlace, withStore } from '../state.ts';
import { columnsOf } from './approvals-columns.ts';
import { groupedLines, listedJson } from './approvals-list.ts';

interface ListOptions extends ReadingOptions {
  readonly all?: boolean;
  /** One group of calls that are alike, each in full. */
  readonly group?: string;
}

export async function listApprovals(io: Io, options: ListOptions): Promise<number> {
  return withStore(await findPlace(io, options), 'refuse', async (store) => {
    const nowMs = Date.now();
    const all = options.all === true;
    const rows = store
      .approvals(all ? undefined : ['pending'])
      .filter((row) => all || nowMs < row.expiresMs)
      .filter((row) => options.group === undefined || similarKey(row) === options.group);
    if (options.format === 'json') {
      printJson(io, listedJson(store, rows, nowMs));
      return 0;
    }
    if (rows.length === 0) tell(io, 'nothing waits for a person');
    const columns = columnsOf(io.stdout);
    const isFlat = all || options.group !== undefined;
    print(
      io,
      isFlat
        ? rows.flatMap((row) => summaryLines(approvalSummary(store, row, nowMs), columns))
        : groupedLines(store, rows, nowMs, columns),
    );
    return 0;
  });
}

export async function showApproval(io: Io, id: string, options: ReadingOptions): Promise<number> {
  return withStore(await findPlace(io, options), 'refuse', async (store) => {
    const row = findApproval(store, id);
    const detail = approvalDetail(store, row, Date.now());
    const columns = columnsOf(io.stdout);
    if (options.format === 'json') {
      printJson(io, { ...detail, group: similarKey(row), history: historyOf(store, row) });
    } else {
      const beside = besideLines(store, row, detail, columns);
      print(io, [...detailLines(detail, columns), '', ...beside]);
    }
    return 0;
  });
}
