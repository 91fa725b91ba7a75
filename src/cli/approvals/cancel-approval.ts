import { userInfo } from 'node:os';
import { findApproval } from '../../approval/approval-id.ts';
import { resolveApprover } from '../../approval/approvers/identity.ts';
import { withdraw, withdrawalBy } from '../../approval/withdraw.ts';
import { type Io, isInteractive, print } from '../io.ts';
import type { StateOptions } from '../options.ts';
import { findPlace, withStore } from '../state.ts';

interface CancelOptions extends StateOptions {
  readonly reason?: string;
}

/** Takes a question back. It lets nothing through, so a terminal is proof enough whatever the configuration says. */
export async function cancelApproval(io: Io, id: string, options: CancelOptions): Promise<number> {
  return withStore(await findPlace(io, options), 'refuse', async (store) => {
    const approver = await resolveApprover(store, {
      env: io.env,
      isTerminal: isInteractive(io),
      osUser: userInfo().username,
      as: undefined,
    });
    const row = findApproval(store, id);
    const by = withdrawalBy(row, approver, options.reason);
    await withdraw({ store, clock: Date.now }, row.id, by);
    print(io, [`cancelled ${row.id}`]);
    return 0;
  });
}
