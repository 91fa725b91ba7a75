import { userInfo } from 'node:os';
import { resolveApprover } from '../../approval/approvers/identity.ts';
import { grantState } from '../../approval/grants/grant.ts';
import { grantLines, grantSummary } from '../../approval/grants/present-grant.ts';
import { revokeGrant } from '../../approval/grants/revoke.ts';
import { type Io, isInteractive, print, printJson, tell } from '../io.ts';
import type { ReadingOptions, StateOptions } from '../options.ts';
import { findPlace, withStore } from '../state.ts';
import { columnsOf } from './approvals-columns.ts';

export interface ListOptions extends ReadingOptions {
  readonly all?: boolean;
}

export async function list(io: Io, options: ListOptions): Promise<number> {
  return withStore(await findPlace(io, options), 'refuse', async (store) => {
    const nowMs = Date.now();
    const rows = store
      .grants()
      .filter((row) => options.all === true || grantState(store, row, nowMs) === 'in_force');
    const summaries = rows.map((row) => grantSummary(store, row, nowMs));
    if (options.format === 'json') printJson(io, summaries);
    else if (summaries.length === 0) tell(io, 'no grant is in force');
    else {
      const columns = columnsOf(io.stdout);
      print(
        io,
        summaries.flatMap((summary) => grantLines(summary, columns)),
      );
    }
    return 0;
  });
}

export interface RevokeOptions extends StateOptions {
  readonly reason?: string;
  readonly as?: string;
}

export async function revoke(io: Io, id: string, options: RevokeOptions): Promise<number> {
  return withStore(await findPlace(io, options), 'refuse', async (store) => {
    const approver = await resolveApprover(store, {
      env: io.env,
      isTerminal: isInteractive(io),
      osUser: userInfo().username,
      as: options.as,
    });
    const row = await revokeGrant({ store, clock: Date.now }, id, approver, options.reason);
    print(io, [`revoked ${row.id}`]);
    return 0;
  });
}
