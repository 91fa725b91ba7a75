import { userInfo } from 'node:os';
import {
  addApprover,
  changeMembership,
  removeApprover,
} from '../../approval/approvers/approvers.ts';
import { groupsOf } from '../../approval/approvers/who-may.ts';
import { timestamp } from '../../core/clock.ts';
import { type Io, print, printJson, tell } from '../io.ts';
import type { ReadingOptions, StateOptions } from '../options.ts';
import { findPlace, withStore } from '../state.ts';

interface AddOptions extends ReadingOptions {
  readonly group?: readonly string[];
}

export async function add(io: Io, name: string, options: AddOptions): Promise<number> {
  return withStore(await findPlace(io, options), 'create', async (store) => {
    const parts = { store, clock: Date.now };
    const { secret } = await addApprover(parts, name, changedBy(io), options.group);
    if (options.format === 'json') {
      printJson(io, { name, secret: secret.slice(name.length + 1), credential: secret });
      return 0;
    }
    print(io, [secret]);
    tell(io, 'shown once: keep it, and hand it to mcp-gate as MCP_GATE_APPROVER');
    if (name === userInfo().username) {
      tell(io, `"${name}" cannot approve what the agents of the system user "${name}" ask for`);
    }
    return 0;
  });
}

export async function list(io: Io, options: ReadingOptions): Promise<number> {
  return withStore(await findPlace(io, options), 'refuse', async (store) => {
    const members = store.memberships();
    const rows = store.approvers().map(({ name, createdMs, addedBy }) => ({
      name,
      groups: members.filter((each) => each.approver === name).map((each) => each.group),
      created_at: timestamp(createdMs),
      added_by: addedBy,
    }));
    if (options.format === 'json') printJson(io, rows);
    else if (rows.length === 0) tell(io, 'nobody has a credential');
    else
      print(
        io,
        rows.map(({ name, groups, created_at, added_by }) => {
          const within = groups.length === 0 ? '' : `  in ${groups.join(', ')}`;
          return `${name}${within}  since ${created_at}  by ${added_by}`;
        }),
      );
    return 0;
  });
}

export async function remove(io: Io, name: string, options: StateOptions): Promise<number> {
  return withStore(await findPlace(io, options), 'refuse', async (store) => {
    await removeApprover({ store, clock: Date.now }, name, changedBy(io));
    return 0;
  });
}

export async function groups(io: Io, options: ReadingOptions): Promise<number> {
  return withStore(await findPlace(io, options), 'refuse', async (store) => {
    const rows = groupsOf(store);
    if (options.format === 'json') printJson(io, rows);
    else if (rows.length === 0) tell(io, 'there are no groups');
    else
      print(
        io,
        rows.map((row) => `${row.group}  ${row.members.join(', ')}`),
      );
    return 0;
  });
}

export async function regroup(
  io: Io,
  change: 'join' | 'leave',
  member: { readonly name: string; readonly group: string },
  options: StateOptions,
): Promise<number> {
  return withStore(await findPlace(io, options), 'refuse', async (store) => {
    await changeMembership({ store, clock: Date.now }, change, member, changedBy(io));
    return 0;
  });
}

function changedBy(io: Io): Parameters<typeof addApprover>[2] {
  return { credential: io.env['MCP_GATE_APPROVER'], osUser: userInfo().username };
}
