import { describe, expect, it } from 'vitest';
import type { Approver } from '../../src/approval/approvers/separation.ts';
import { bindingHolds, bindingOf } from '../../src/approval/binding.ts';
import type { ApprovalRequest } from '../../src/approval/contract.ts';
import { decideApproval } from '../../src/approval/decide.ts';
import { original } from '../../src/approval/edits/versions.ts';
import { termsForGrant } from '../../src/approval/grants/grant-terms.ts';
import { canonical } from '../../src/core/canonical.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { ApprovalRow } from '../../src/store/approval-contract.ts';
import { decision, deskScratch, hold, kinds, request, stateOf } from './desk-scratch.ts';

const dana: Approver = { kind: 'credential', name: 'dana' };
const lee: Approver = { kind: 'credential', name: 'lee' };
const changed = { path: '/etc/motd', text: 'x' };

function place() {
  const scratch = deskScratch();
  const vote = (row: ApprovalRow, approver: Approver, edit?: JsonObject) =>
    decideApproval(scratch.parts, {
      ...{ id: row.id, verdict: 'approve', approver, reason: undefined, edit },
    });
  const edit = async (row: ApprovalRow, args: JsonObject = changed, approver = dana) =>
    (await vote(row, approver, args)).approval;
  /** The request for the changed call, as the gate makes it. */
  const requestFor = (
    row: ApprovalRow,
    change: Partial<ApprovalRequest> = {},
  ): ApprovalRequest => ({
    ...request({ canonicalArguments: canonical(changed), decisionId: 'decision-2' }),
    edited: { asked: request().canonicalArguments, row },
    ...change,
  });
  const isAbout = (row: ApprovalRow, what: ApprovalRequest) =>
    scratch.desk.isAbout(scratch.store, row, what);
  return { ...scratch, vote, edit, requestFor, isAbout };
}

describe('changed arguments', () => {
  it('make an approval of their own, in the place of the one that was changed', async () => {
    const { ask, edit, store } = place();
    const old = await ask();
    const row = await edit(old);
    expect(stateOf(store, old)).toBe('cancelled');
    expect(row).toMatchObject({
      ...{ state: 'approved', decidedBy: ['dana'], callKey: old.callKey },
      ...{ rules: old.rules, quorum: old.quorum, expiresMs: old.expiresMs },
      edited: { of: old.id, ofBinding: old.binding, by: 'dana', via: 'credential' },
    });
    expect(row.createdMs).toBeGreaterThan(old.createdMs);
    expect(store.payload(row.argumentsPayload)?.toString()).toBe(canonical(changed));
    expect(bindingHolds(store, row)).toBe(true);
    expect(store.approvalAfter(old.id)).toEqual(row);
  });

  it('are what the identical call finds, and not asked about again', async () => {
    const { ask, edit } = place();
    const row = await edit(await ask());
    expect(await ask()).toEqual(row);
  });

  it('answer for the changed call alone', async () => {
    const { ask, edit, requestFor, isAbout } = place();
    const old = await ask();
    const row = await edit(old);
    expect(isAbout(row, requestFor(row))).toBe(true);
    expect(isAbout(row, request())).toBe(false);
    expect(isAbout(row, request({ canonicalArguments: canonical(changed) }))).toBe(false);
    expect(isAbout(old, requestFor(row))).toBe(false);
    const other = canonical({ ...changed, text: 'y' });
    expect(isAbout(row, requestFor(row, { canonicalArguments: other }))).toBe(false);
    for (const change of [
      { pin: 'sha256:other' },
      { policyDigest: 'sha256:other' },
      { environment: 'prod' },
      { scope: 'os:mallory' },
      { tool: 'edit_file' },
    ]) {
      expect(isAbout(row, requestFor(row, change))).toBe(false);
    }
  });

  it('are bound so that a gate which knows nothing of changes takes the approval for nothing', async () => {
    const { ask, edit, store, consume } = place();
    const row = await edit(await ask());
    const { edited: _, ...unaware } = row;
    const bytes = store.payload(row.argumentsPayload) ?? '';
    expect(bindingOf(unaware, bytes)).not.toBe(row.binding);
    // What names the change is gone from the file: the approval holds nothing any more.
    const withoutEdit = { ...row, edited: undefined };
    expect(bindingHolds(store, withoutEdit)).toBe(false);
    expect(await consume(row, 'decision-2')).toBe(true);
  });

  it.each(['of', 'ofBinding', 'by', 'atMs'] as const)(
    'are bound to who changed what: %s',
    async (part) => {
      const { ask, edit, store } = place();
      const row = await edit(await ask());
      if (row.edited === undefined) throw new Error('nothing was changed');
      const other = part === 'atMs' ? 1 : 'other';
      expect(bindingHolds(store, { ...row, edited: { ...row.edited, [part]: other } })).toBe(false);
    },
  );

  it('are journaled between the question and the yes', async () => {
    const { ask, edit, store } = place();
    await edit(await ask());
    expect(kinds(store)).toEqual([
      'approval.requested',
      'approval.edited',
      'approval.cancelled',
      'approval.approved',
    ]);
  });
});

describe('nobody changes arguments', () => {
  const refusals: [
    why: string,
    change: Partial<ApprovalRequest>,
    approver: Approver,
    args: JsonObject,
    error: string,
  ][] = [
    [
      'in a claimed name',
      {},
      { kind: 'claimed', name: 'dana' },
      changed,
      'a claimed name changes nothing',
    ],
    [
      'of their own call',
      {},
      { kind: 'credential', name: 'rita' },
      changed,
      '"rita" asked for this call',
    ],
    [
      'without being among the approvers',
      { decision: decision({ approvers: ['lee'] }) },
      dana,
      changed,
      '"dana" is not among the approvers',
    ],
    [
      'without changing them',
      {},
      dana,
      { text: 'x', path: '/etc/hosts' },
      'the arguments are what they were',
    ],
    [
      'of what is no tool call',
      { action: 'resources/read' },
      dana,
      changed,
      'it is for no tool call',
    ],
    [
      'to what no client may send',
      {},
      dana,
      JSON.parse('{"__proto__":1}'),
      'cannot be sent: key "__proto__"',
    ],
    ['beyond a size', {}, dana, { x: 'x'.repeat(4_194_304) }, 'expected at most 4194304'],
  ];
  it.each(refusals)('%s', async (_, change, approver, args, error) => {
    const { ask, vote, store } = place();
    const old = await ask(change);
    await expect(vote(old, approver, args)).rejects.toThrow(error);
    expect(store.approvals(undefined)).toEqual([old]);
    expect(kinds(store)).toEqual(['approval.requested']);
  });

  it('and grants such calls at once', async () => {
    const { ask, parts, store } = place();
    const { id } = await ask();
    const row = store.approval(id);
    if (row === undefined) throw new Error('it is gone');
    const grant = termsForGrant(store, row, { lifeMs: 1000, uses: 1, arguments: [] });
    const both = {
      id,
      verdict: 'approve',
      approver: dana,
      reason: undefined,
      grant,
      edit: changed,
    } as const;
    await expect(decideApproval(parts, both)).rejects.toMatchObject({ code: 'usage' });
    expect(stateOf(store, row)).toBe('pending');
  });

  it('of what is over', async () => {
    const { ask, edit, pass, store } = place();
    const old = await ask();
    pass(900_000);
    await expect(edit(old)).rejects.toThrow('is expired, expected pending');
    expect(kinds(store)).toEqual(['approval.requested', 'approval.expired']);
  });

  it('twice: the second is told where the question went', async () => {
    const { ask, edit, vote } = place();
    const old = await ask();
    const row = await edit(old);
    await expect(edit(old, { n: 1 }, lee)).rejects.toMatchObject({
      code: 'approval_refused',
      hint: `its arguments were changed: mcp-gate approvals show ${row.id}`,
    });
    await expect(vote(old, lee)).rejects.toMatchObject({ code: 'approval_refused' });
  });
});

describe('the votes of a quorum', () => {
  it('are for one version', async () => {
    const { ask, edit, vote, store } = place();
    const old = await ask({ decision: decision({ quorum: 2 }) });
    expect(await vote(old, dana)).toMatchObject({ votes: 1, needed: 2 });
    const row = await edit(old, changed, lee);
    expect(row.state).toBe('pending');
    expect(store.votes(row.id)).toMatchObject([{ approver: 'lee' }]);
    // Those who said yes before say it again, to what it is now.
    expect(await vote(row, dana)).toMatchObject({ votes: 2, approval: { state: 'approved' } });
  });

  it('take no grant of the next voter', async () => {
    const { ask, edit, parts, store } = place();
    const row = await edit(await ask({ decision: decision({ quorum: 2 }) }));
    const grant = termsForGrant(store, row, { lifeMs: 1000, uses: 1, arguments: ['any'] });
    const yes = {
      id: row.id,
      verdict: 'approve',
      approver: lee,
      reason: undefined,
      grant,
    } as const;
    await expect(decideApproval(parts, yes)).rejects.toThrow('can be given only once');
  });

  it('a grant that others gave answers no call that somebody has changed', async () => {
    const { ask, edit, parts, store, desk, clock } = place();
    const first = await ask({ decision: decision({ quorum: 2 }), canonicalArguments: '{"n":1}' });
    for (const name of ['tia', 'tom']) {
      const approver = { kind: 'terminal', name } as const;
      const grant = termsForGrant(store, first, { lifeMs: 60_000, uses: 5, arguments: ['any'] });
      const yes = { id: first.id, verdict: 'approve', approver, reason: undefined, grant } as const;
      await decideApproval(parts, yes);
    }
    const asks = request({ decision: decision({ quorum: 2 }) });
    const granted = () => store.write('decision', (tx) => desk.granted(tx, asks, clock()));
    const old = await ask(asks);
    const grant = await granted();
    if (grant === undefined) throw new Error('there is no grant');
    await edit(old);
    expect(await granted()).toBeUndefined();
    // Nor does one that was found just before.
    expect(
      await store.write('decision', (tx) => desk.use(tx, grant, asks, clock())),
    ).toBeUndefined();
    expect(store.grant(grant.id)).toMatchObject({ used: 0 });
  });
});

describe('a call that waits', () => {
  it('goes on with what was made of it, and is told what the yes is for', async () => {
    const { ask, desk, edit, vote } = place();
    const old = await ask({ decision: decision({ quorum: 2 }) });
    const verdict = desk.wait(old, hold());
    const row = await edit(await edit(old), { n: 2 }, lee);
    await vote(row, dana);
    expect(await verdict).toMatchObject({
      kind: 'approved',
      approval: { id: row.id },
      edited: '{"n":2}',
    });
  });

  it('is denied when what was made of it is', async () => {
    const { ask, desk, edit, parts } = place();
    const old = await ask({ decision: decision({ quorum: 2 }) });
    const verdict = desk.wait(old, hold());
    const { id } = await edit(old);
    await decideApproval(parts, { id, verdict: 'deny', approver: lee, reason: undefined });
    expect(await verdict).toMatchObject({ kind: 'denied', approval: { id } });
  });

  it('and comes back for it learns how that ended', async () => {
    const { ask, edit, pass } = place();
    const old = await ask();
    const row = await edit(old);
    const awaited = { approvalId: old.id, binding: old.binding, round: 1 };
    expect(await ask({ awaited })).toEqual(row);
    pass(900_000);
    // Approved in time, and not used in time.
    expect(await ask({ awaited })).toEqual(row);
    expect((await ask()).id).not.toBe(row.id);
  });
});

it('more that is asked about a changed call is asked about that, and takes its place', async () => {
  const { ask, edit, requestFor, isAbout, store, vote, consume } = place();
  const first = await ask();
  const row = await edit(first);
  const more = requestFor(row, { decision: decision({}, ['files.motd']) });
  const wider = await ask(more);
  expect(wider).toMatchObject({
    ...{ state: 'pending', rules: ['files.outside', 'files.motd'] },
    edited: { of: row.id, by: 'dana' },
  });
  expect(stateOf(store, row)).toBe('cancelled');
  expect(isAbout(wider, requestFor(wider))).toBe(true);
  // Whoever answers sees what the agent had asked with: also where the clock has not moved.
  expect(original(store, wider)?.id).toBe(first.id);
  expect(await ask()).toEqual(wider);
  await vote(wider, lee);
  expect(await consume(wider, 'decision-3')).toBe(true);
});
