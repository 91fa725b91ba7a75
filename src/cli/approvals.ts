import { findApproval } from '../approval/approval-id.ts';
import { approvalDetail, approvalSummary, detailLines, summaryLines } from '../approval/present.ts';
import { columnsOf } from './approvals-columns.ts';
import { type Io, print, printJson, tell } from './io.ts';
import type { ReadingOptions } from './options.ts';
import { findPlace, withStore } from './state.ts';

export async function listApprovals(
  io: Io,
  options: ReadingOptions & { readonly all?: boolean },
): Promise<number> {
  return withStore(await findPlace(io, options), 'refuse', async (store) => {
    const nowMs = Date.now();
    const all = options.all === true;
    const rows = store
      .approvals(all ? undefined : ['pending'])
      .filter((row) => all || nowMs < row.expiresMs);
    const summaries = rows.map((row) => approvalSummary(store, row, nowMs));
    if (options.format === 'json') printJson(io, summaries);
    else if (summaries.length === 0) tell(io, 'nothing waits for a person');
    else {
      const columns = columnsOf(io.stdout);
      print(
        io,
        summaries.flatMap((summary) => summaryLines(summary, columns)),
      );
    }
    return 0;
  });
}

export async function showApproval(io: Io, id: string, options: ReadingOptions): Promise<number> {
  return withStore(await findPlace(io, options), 'refuse', async (store) => {
    const detail = approvalDetail(store, findApproval(store, id), Date.now());
    if (options.format === 'json') printJson(io, { ...detail });
    else print(io, detailLines(detail, columnsOf(io.stdout)));
    return 0;
  });
}
