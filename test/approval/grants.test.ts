import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { addApprover, removeApprover } from '../../src/approval/approvers/approvers.ts';
import type { Approver } from '../../src/approval/approvers/separation.ts';
import { decideApproval } from '../../src/approval/decide.ts';
import { grantState } from '../../src/approval/grants/grant.ts';
import { type GrantWish, termsForGrant } from '../../src/approval/grants/grant-terms.ts';
import { revokeGrant } from '../../src/approval/grants/revoke.ts';
import { canonical } from '../../src/core/canonical.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { ApprovalRow } from '../../src/store/approval-contract.ts';
import type { Store } from '../../src/store/contract.ts';
import { loadDriver } from '../../src/store/driver.ts';
import { compiledSources } from '../harness/compiled.ts';
import { decision, deskScratch, kinds, lastEntry, request, stateOf } from './desk-scratch.ts';

const compiled = compiledSources();
const hourMs = 3_600_000;
const rita: Approver = { kind: 'terminal', name: 'rita' };
const alice: Approver = { kind: 'credential', name: 'alice' };
const bob: Approver = { kind: 'credential', name: 'bob' };
const carol: Approver = { kind: 'claimed', name: 'carol' };

const plain: GrantWish = { lifeMs: hourMs, uses: undefined, arguments: [] };
const called = (args: JsonObject) => ({ canonicalArguments: canonical(args) });
const asked = { path: '/etc/hosts', text: 'x' };

type Request = ReturnType<typeof request>;
type Scratch = ReturnType<typeof deskScratch>;

/** A yes with a wish to a call. */
function say(scratch: Scratch, row: ApprovalRow, wish: GrantWish, approver: Approver = rita) {
  const grant = termsForGrant(scratch.store, row, wish);
  const { id } = row;
  const yes = { id, verdict: 'approve', approver, reason: undefined, grant } as const;
  return decideApproval(scratch.parts, yes);
}

/** A grant made of the usual call, which has been run. */
async function granted(
  scratch: Scratch,
  wish: Partial<GrantWish> = {},
  change: Partial<Request> = {},
) {
  const row = await scratch.ask(change);
  const { grant, approval } = await say(scratch, row, { ...plain, ...wish });
  if (grant === undefined) throw new Error('no grant was made');
  await scratch.consume(approval, 'decision-0');
  return grant;
}

const find = ({ store, desk, clock }: Scratch, change: Partial<Request> = {}) =>
  store.write('decision', (tx) => desk.granted(tx, request(change), clock()));

/** The used-up approval that a call leaves behind; undefined when a person must be asked. */
const use = (
  { store, desk, clock }: Scratch,
  change: Partial<Request> = {},
  on: Store = store,
): Promise<ApprovalRow | undefined> =>
  on.write('decision', (tx) => {
    const wanted = request(change);
    const grant = desk.granted(tx, wanted, clock());
    return grant && desk.use(tx, grant, wanted, clock());
  });

async function withApprovers({ parts }: Scratch): Promise<string> {
  const first = await addApprover(parts, 'alice', { credential: undefined, osUser: 'rita' });
  await addApprover(parts, 'bob', { credential: first.secret, osUser: 'rita' });
  return first.secret;
}

describe('a yes with a grant', () => {
  it('approves the call and lets later ones run, each use journaled', async () => {
    const scratch = deskScratch();
    const grant = await granted(scratch, { uses: 2 });
    expect(kinds(scratch.store)).toEqual([
      'approval.requested',
      'approval.approved',
      'approval.granted',
      'approval.consumed',
    ]);
    const row = await use(scratch, { decisionId: 'decision-2', traceId: 'b'.repeat(32) });
    expect(row).toMatchObject({
      state: 'consumed',
      consumedBy: 'decision-2',
      rules: ['files.outside'],
      decidedBy: ['rita'],
    });
    expect(lastEntry(scratch.store)).toMatchObject({
      kind: 'approval.consumed',
      trace_id: 'b'.repeat(32),
      decision_id: 'decision-2',
      approval_id: row?.id,
      grant_id: grant.id,
      use: 1,
      uses: 2,
    });
  });

  it('says in the journal what was granted, and no argument value', async () => {
    const scratch = deskScratch();
    const row = await scratch.ask();
    const wish = { ...plain, arguments: ['path=/etc/hosts'] };
    const { grant } = await say(scratch, row, wish);
    expect(lastEntry(scratch.store)).toMatchObject({
      kind: 'approval.granted',
      approval_id: row.id,
      grant_id: grant?.id,
      argument_terms: 'some',
      argument_names: ['path'],
      approvers: ['rita'],
      life_ms: hourMs,
      uses: null,
    });
    const bodies = scratch.store.journal.range(0, 100).map(({ body }) => body);
    expect(bodies.join('\n')).not.toContain('/etc/hosts');
  });

  it('needs as many as the approval needed, all on the same terms', async () => {
    const scratch = deskScratch();
    await withApprovers(scratch);
    const row = await scratch.ask({ decision: decision({ quorum: 2 }) });
    const first = await say(scratch, row, plain, alice);
    expect(first).toMatchObject({ votes: 1, grant: undefined });
    expect(await say(scratch, row, plain, bob)).toMatchObject({
      approval: { state: 'approved' },
      grant: { decidedBy: ['alice', 'bob'], via: 'credential', quorum: 2 },
    });
  });

  it.each<[name: string, wish: GrantWish | undefined]>([
    ['of other terms', { ...plain, uses: 3 }],
    ['without a grant', undefined],
  ])('makes none with a second yes %s: the call is approved, once', async (_, wish) => {
    const scratch = deskScratch();
    await withApprovers(scratch);
    const row = await scratch.ask({ decision: decision({ quorum: 2 }) });
    await say(scratch, row, plain, alice);
    const grant = wish && termsForGrant(scratch.store, row, wish);
    const yes = {
      id: row.id,
      verdict: 'approve',
      approver: bob,
      reason: undefined,
      grant,
    } as const;
    const decided = await decideApproval(scratch.parts, yes);
    expect(decided).toMatchObject({ approval: { state: 'approved' }, grant: undefined });
    expect(scratch.store.grants()).toEqual([]);
  });

  it('can be changed by whoever said it, until the quorum is there', async () => {
    const scratch = deskScratch();
    await withApprovers(scratch);
    const row = await scratch.ask({ decision: decision({ quorum: 2 }) });
    await say(scratch, row, plain, alice);
    await say(scratch, row, { ...plain, uses: 3 }, alice);
    expect((await say(scratch, row, { ...plain, uses: 3 }, bob)).grant).toMatchObject({ uses: 3 });
  });

  it('of a name that nobody proved grants nothing', async () => {
    const scratch = deskScratch();
    const row = await scratch.ask();
    expect(await say(scratch, row, plain, carol)).toMatchObject({ counted: false });
    const decided = await decideApproval(scratch.parts, {
      ...{ id: row.id, verdict: 'approve', approver: rita, reason: undefined },
    });
    expect(decided).toMatchObject({ approval: { state: 'approved' }, grant: undefined });
    expect(scratch.store.grants()).toEqual([]);
  });

  it.each<[name: string, change: Partial<Request>]>([
    ['a call that carries more than arguments', { isPlain: false }],
    ['a prompt', { action: 'prompts/get' }],
  ])('is refused for %s', async (_, change) => {
    const scratch = deskScratch();
    const row = await scratch.ask(change);
    await expect(say(scratch, row, plain)).rejects.toMatchObject({ code: 'approval_refused' });
    expect(stateOf(scratch.store, row)).toBe('pending');
  });

  it.each<[name: string, wish: Partial<GrantWish>, message: string]>([
    ['no time', { lifeMs: 0 }, '"--grant": expected more than nothing and at most 31d'],
    [
      '32 days',
      { lifeMs: 32 * 24 * hourMs },
      '"--grant": expected more than nothing and at most 31d',
    ],
    ['no use', { uses: 0 }, '"--uses": expected a whole number from 1 to 1000000'],
    [
      'a value that the call does not have',
      { arguments: ['path=/etc/shadow'] },
      '"--arguments": "path": the call that is approved has another value there',
    ],
    [
      'an argument that the call does not have',
      { arguments: ['constructor=x'] },
      '"--arguments": "constructor": the call that is approved has no such argument',
    ],
    [
      'any beside something else',
      { arguments: ['any', 'path=/etc/hosts'] },
      '"--arguments": expected exact, any or KEY=VALUE, got "any"',
    ],
  ])('with %s is wrong usage', async (_, wish, message) => {
    const scratch = deskScratch();
    const row = await scratch.ask();
    expect(() => termsForGrant(scratch.store, row, { ...plain, ...wish })).toThrow(
      expect.objectContaining({ code: 'usage', message }),
    );
  });
});

describe('a grant', () => {
  it.each<[terms: readonly string[], args: JsonObject, covered: boolean]>([
    [[], asked, true],
    [['exact'], asked, true],
    [['exact'], { ...asked, text: 'y' }, false],
    [['any'], {}, true],
    [['path=/etc/hosts'], { ...asked, text: 'y' }, true],
    [['path=/etc/hosts'], { ...asked, path: '/etc/shadow' }, false],
    [['path=/etc/hosts'], { ...asked, path: ['/etc/hosts'] }, false],
    [['path=/etc/hosts'], { text: 'x' }, false],
    [['path=/etc/hosts', 'text=x'], { ...asked, more: true }, true],
    [['path=/etc/hosts', 'text=x'], { ...asked, text: 'y' }, false],
  ])('for the arguments %j and a call with %j: %s', async (terms, args, covered) => {
    const scratch = deskScratch();
    await granted(scratch, { arguments: terms });
    expect((await use(scratch, called(args))) !== undefined).toBe(covered);
  });

  it('takes a number for a number, and text for text', async () => {
    const scratch = deskScratch();
    const numbers = { count: 5, size: '5' };
    await granted(scratch, { arguments: ['count=5', 'size=5'] }, called(numbers));
    expect(await use(scratch, called(numbers))).toBeDefined();
    expect(await use(scratch, called({ count: '5', size: '5' }))).toBeUndefined();
    expect(await use(scratch, called({ count: 5, size: 5 }))).toBeUndefined();
  });

  it.each<[part: string, change: Partial<Request>]>([
    ['caller', { scope: 'os:mallory' }],
    ['server', { server: 'other' }],
    ['tool', { tool: 'delete_file' }],
    ['definition of the tool', { pin: 'sha256:changed' }],
    ['policy', { policyDigest: 'sha256:changed' }],
    ['environment', { environment: 'production' }],
    ['gate', { gate: 'gate-two' }],
    ['action', { action: 'prompts/get' }],
    ['call that carries more', { isPlain: false }],
    ['rule that was not asked about', { decision: decision({}, ['files.outside', 'files.new']) }],
    ['larger quorum', { decision: decision({ quorum: 2 }) }],
    ['approver who is named', { decision: decision({ approvers: ['dana'] }) }],
  ])('does not apply to another %s', async (_, change) => {
    const scratch = deskScratch();
    await granted(scratch, { arguments: ['any'] });
    expect(await find(scratch)).toBeDefined();
    expect(await find(scratch, change)).toBeUndefined();
  });

  it('is looked at again when it is used: it may have been found for another call', async () => {
    const scratch = deskScratch();
    const { store, desk, clock } = scratch;
    const grant = await granted(scratch);
    for (const change of [called({ path: '/' }), { policyDigest: 'sha256:changed' }]) {
      const used = await store.write('decision', (tx) =>
        desk.use(tx, grant, request(change), clock()),
      );
      expect(used).toBeUndefined();
    }
    expect(store.grant(grant.id)).toMatchObject({ used: 0 });
  });

  it('ends with its time', async () => {
    const scratch = deskScratch();
    const grant = await granted(scratch);
    scratch.pass(hourMs - 1);
    expect(await use(scratch)).toBeDefined();
    scratch.pass(1);
    expect(await use(scratch)).toBeUndefined();
    const row = scratch.store.grant(grant.id) ?? grant;
    expect(grantState(scratch.store, row, scratch.clock())).toBe('expired');
  });

  it('ends when it is revoked, once, also for who had found it before', async () => {
    const scratch = deskScratch();
    const { store, desk, clock, parts } = scratch;
    const grant = await granted(scratch);
    await revokeGrant(parts, grant.id.slice(0, 7), rita, 'done');
    expect(lastEntry(store)).toMatchObject({
      kind: 'approval.revoked',
      grant_id: grant.id,
      approval_id: grant.approvalId,
      approver: 'rita',
      reason: 'done',
      used: 0,
    });
    expect(await use(scratch)).toBeUndefined();
    const late = store.write('decision', (tx) => desk.use(tx, grant, request(), clock()));
    expect(await late).toBeUndefined();
    await expect(revokeGrant(parts, grant.id, rita, undefined)).rejects.toMatchObject({
      code: 'approval_refused',
      message: `grant "${grant.id}" is revoked already`,
    });
  });

  it('given at a terminal is void as soon as there are approvers', async () => {
    const scratch = deskScratch();
    const grant = await granted(scratch);
    await withApprovers(scratch);
    expect(await use(scratch)).toBeUndefined();
    expect(grantState(scratch.store, grant, scratch.clock())).toBe('void');
  });

  it('given with a credential is void when the credential is taken back', async () => {
    const scratch = deskScratch();
    const secret = await withApprovers(scratch);
    const row = await scratch.ask();
    await scratch.consume((await say(scratch, row, plain, bob)).approval, 'decision-0');
    expect(await use(scratch)).toBeDefined();
    await removeApprover(scratch.parts, 'bob', { credential: secret, osUser: 'rita' });
    expect(await use(scratch)).toBeUndefined();
  });

  it.each([
    ['its uses', 'uses = 100'],
    ['its time', 'expires_ms = expires_ms + 1000'],
    ['its rules', 'rules = \'["files.outside","files.new"]\''],
    ['who gave it', 'decided_by = \'["bob"]\''],
    ['its terms', "terms_payload = 'gone'"],
  ])('is void when %s were changed in the file', async (_, change) => {
    const scratch = deskScratch();
    const grant = await granted(scratch, { uses: 5, arguments: ['any'] });
    const { DatabaseSync } = loadDriver();
    const beside = new DatabaseSync(join(scratch.dir, 'gate.db'));
    beside.exec(`UPDATE standing_grant SET ${change}`);
    beside.close();
    expect(await use(scratch)).toBeUndefined();
    const row = scratch.store.grant(grant.id) ?? grant;
    expect(grantState(scratch.store, row, scratch.clock())).toBe('void');
  });

  it('leaves the yes to the call itself to be used first', async () => {
    const scratch = deskScratch();
    const row = await scratch.ask();
    await say(scratch, row, { ...plain, uses: 1 });
    expect(await find(scratch)).toBeUndefined();
    expect(await scratch.ask()).toMatchObject({ id: row.id, state: 'approved' });
  });

  it('does not stand against a no to exactly this call', async () => {
    const scratch = deskScratch();
    const other = called({ path: '/etc/shadow' });
    const refused = await scratch.ask(other);
    await granted(scratch, { arguments: ['any'] });
    const no = { id: refused.id, verdict: 'deny', approver: rita, reason: undefined } as const;
    await decideApproval(scratch.parts, no);
    expect(await use(scratch, other)).toBeUndefined();
    expect(await use(scratch)).toBeDefined();
  });

  it('answers the question that still waits about a call that it covers', async () => {
    const scratch = deskScratch();
    const other = called({ path: '/etc/shadow' });
    const waiting = await scratch.ask(other);
    await granted(scratch, { arguments: ['any'] });
    expect(await use(scratch, other)).toMatchObject({ state: 'consumed' });
    expect(stateOf(scratch.store, waiting)).toBe('cancelled');
    expect(kinds(scratch.store).slice(-2)).toEqual(['approval.cancelled', 'approval.consumed']);
  });

  it('is one of a bounded number for one tool and caller; then a yes without a grant still counts', async () => {
    const scratch = deskScratch();
    for (let count = 0; count < 100; count += 1) {
      await granted(scratch, {}, called({ path: `/${count}` }));
    }
    const row = await scratch.ask(called({ path: '/100' }));
    await expect(say(scratch, row, plain)).rejects.toMatchObject({
      code: 'approval_refused',
      message: '100 grants are in force for this tool and caller, expected fewer',
    });
    const yes = { id: row.id, verdict: 'approve', approver: rita, reason: undefined } as const;
    expect((await decideApproval(scratch.parts, yes)).approval.state).toBe('approved');
    const [first] = scratch.store.grants();
    await revokeGrant(scratch.parts, first?.id ?? '', rita, undefined);
    expect(await granted(scratch, {}, called({ path: '/101' }))).toBeDefined();
  });

  it('has exactly as many uses as it says, through four connections', async () => {
    const scratch = deskScratch();
    const grant = await granted(scratch, { uses: 7 });
    const stores = [scratch.store, scratch.open(), scratch.open(), scratch.open()];
    const tries = stores.flatMap((on) => [1, 2, 3, 4].map(() => use(scratch, {}, on)));
    const used = (await Promise.all(tries)).filter((row) => row !== undefined);
    expect(used).toHaveLength(7);
    expect(scratch.store.grant(grant.id)).toMatchObject({ used: 7 });
    expect(kinds(scratch.store).filter((kind) => kind === 'approval.consumed')).toHaveLength(8);
  });

  it('has exactly as many uses as it says, in four processes', async () => {
    const scratch = deskScratch(Date.now());
    const uses = 40;
    const grant = await granted(scratch, { uses });
    const users = Array.from({ length: 4 }, () => startUser(scratch.dir));
    await Promise.all(users.map(({ ready }) => ready));
    for (const { child } of users) child.send('go');
    const done = await Promise.all(users.map(({ result }) => result()));
    expect(done.reduce((sum, { used }) => sum + used, 0)).toBe(uses);
    expect(scratch.store.grant(grant.id)).toMatchObject({ used: uses });
    const numbers = scratch.store.journal
      .last(uses, ['approval.consumed'])
      .map(({ body }) => JSON.parse(body).use);
    expect(numbers).toEqual(Array.from({ length: uses }, (_, at) => uses - at));
  });
});

function startUser(dir: string) {
  const fixture = join(import.meta.dirname, 'fixtures/grant-user.mjs');
  const child = fork(fixture, [compiled(), dir, JSON.stringify(request())], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exited = once(child, 'close');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const said: { readonly used: number }[] = [];
  child.on('message', (message: { readonly used: number }) => said.push(message));
  return {
    child,
    ready: once(child, 'message'),
    result: async () => {
      expect(await exited).toEqual([0, null]);
      return said.at(-1) ?? { used: Number.NaN };
    },
  };
}
