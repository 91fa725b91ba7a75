import { describe, expect, it } from 'vitest';
import { addApprover, removeApprover } from '../../src/approval/approvers/approvers.ts';
import { verifyCredential } from '../../src/approval/approvers/credential.ts';
import { resolveApprover } from '../../src/approval/approvers/identity.ts';
import { deskScratch, kinds, lastEntry } from './desk-scratch.ts';

const desktop = { credential: undefined, osUser: 'rita' };
const by = (credential: string) => ({ credential, osUser: 'rita' });
const invalid = { code: 'credential_refused', message: 'approver credential is not valid' };
const needed = {
  code: 'credential_refused',
  message: 'the list of approvers is not empty, expected the credential of one of them',
};

describe('an approver', () => {
  it('is added with a secret that is shown once and kept as a hash', async () => {
    const { parts, store } = deskScratch();
    const { name, secret } = await addApprover(parts, 'alice@example.com', desktop);
    expect(name).toBe('alice@example.com');
    expect(secret).toMatch(/^alice@example\.com:[\w-]{43}$/);
    const [row] = store.approvers();
    expect(row?.secret).toMatch(/^scrypt\$15\$8\$1\$[\w-]{22}\$[\w-]{43}$/);
    expect(JSON.stringify([row, lastEntry(store)])).not.toContain(secret.split(':')[1]);
    expect(lastEntry(store)).toMatchObject({ kind: 'approver.added', name, by: 'os:rita' });
    expect(await verifyCredential(store, secret)).toBe(name);
  });

  it('is added by another one once there is one', async () => {
    const { parts, store } = deskScratch();
    const { secret } = await addApprover(parts, 'alice', desktop);
    await expect(addApprover(parts, 'bob', desktop)).rejects.toMatchObject(needed);
    await expect(addApprover(parts, 'bob', by('alice:wrong'))).rejects.toMatchObject(invalid);
    await addApprover(parts, 'bob', by(secret));
    expect(lastEntry(store)).toMatchObject({ name: 'bob', by: 'alice' });
    expect(kinds(store)).toEqual(['approver.added', 'approver.added']);
  });

  it('is first only once, even when two are added at the same time', async () => {
    const { clock, open, parts, store } = deskScratch();
    const results = await Promise.allSettled([
      addApprover(parts, 'alice', desktop),
      addApprover({ store: open(), clock }, 'mallory', desktop),
    ]);
    expect(results.filter((each) => each.status === 'fulfilled')).toHaveLength(1);
    expect(store.approvers()).toHaveLength(1);
  });

  it('is not replaced by another of the same name', async () => {
    const { parts } = deskScratch();
    const { secret } = await addApprover(parts, 'alice', desktop);
    await expect(addApprover(parts, 'alice', by(secret))).rejects.toMatchObject({
      code: 'usage',
      message: 'approver "alice" exists already',
    });
  });

  it('is removed by an approver only, and its credential ends', async () => {
    const { parts, store } = deskScratch();
    const alice = await addApprover(parts, 'alice', desktop);
    const bob = await addApprover(parts, 'bob', by(alice.secret));
    await expect(removeApprover(parts, 'bob', desktop)).rejects.toMatchObject(needed);
    await removeApprover(parts, 'bob', by(alice.secret));
    expect(lastEntry(store)).toMatchObject({ kind: 'approver.removed', name: 'bob', by: 'alice' });
    await expect(verifyCredential(store, bob.secret)).rejects.toMatchObject(invalid);
    await expect(removeApprover(parts, 'bob', by(alice.secret))).rejects.toMatchObject({
      code: 'not_found',
      message: 'approver "bob" does not exist',
    });
  });

  it.each([
    ['empty', ''],
    ['with a colon', 'a:b'],
    ['with a space', 'a b'],
    ['with an escape sequence', 'a\u001b[2J'],
    ['with a line break at its end', 'alice\n'],
    ['of 65 characters', 'a'.repeat(65)],
  ])('has no name that is %s', async (_, name) => {
    const { parts, store } = deskScratch();
    await expect(addApprover(parts, name, desktop)).rejects.toMatchObject({ code: 'usage' });
    expect(store.approvers()).toEqual([]);
  });
});

describe('a credential', () => {
  it('gets one and the same refusal, whatever is wrong with it', async () => {
    const { parts, store } = deskScratch();
    const { secret } = await addApprover(parts, 'alice', desktop);
    const bare = secret.slice('alice:'.length);
    const wrong = [
      `alice:${'A'.repeat(43)}`,
      `bob:${bare}`,
      `:${bare}`,
      bare,
      'alice:',
      'alice',
      `ALICE:${bare}`,
      `${secret} `,
      '',
    ];
    for (const credential of wrong) {
      await expect(verifyCredential(store, credential)).rejects.toMatchObject(invalid);
    }
  });

  it.each([
    ['no hash', 'alice'],
    ['a cheap hash', `scrypt$01$8$1$${'A'.repeat(22)}$${'A'.repeat(43)}`],
    ['a hash of unbounded cost', `scrypt$40$8$1$${'A'.repeat(22)}$${'A'.repeat(43)}`],
  ])('is refused when %s is stored', async (_, secret) => {
    const { store } = deskScratch();
    const row = { name: 'alice', secret, createdMs: 1, addedBy: 'os:rita' };
    await store.write('decision', (tx) => tx.putApprover(row));
    await expect(verifyCredential(store, 'alice:alice')).rejects.toMatchObject(invalid);
  });
});

describe('who decides', () => {
  const source = { env: {}, isTerminal: true, osUser: 'rita', as: undefined };

  it.each([
    ['the user at the terminal', {}, { kind: 'terminal', name: 'rita' }],
    ['a claimed name at a terminal', { as: 'bob' }, { kind: 'claimed', name: 'bob' }],
    [
      'a claimed name without one',
      { as: 'bob', isTerminal: false },
      { kind: 'claimed', name: 'bob' },
    ],
    [
      'the user when the credential is empty',
      { env: { MCP_GATE_APPROVER: '' } },
      { kind: 'terminal', name: 'rita' },
    ],
  ])('is %s', async (_, change, approver) => {
    const { store } = deskScratch();
    expect(await resolveApprover(store, { ...source, ...change })).toEqual(approver);
  });

  it('is nobody without a terminal and a credential', async () => {
    const { store } = deskScratch();
    await expect(resolveApprover(store, { ...source, isTerminal: false })).rejects.toMatchObject({
      code: 'credential_refused',
      message: 'no terminal and no credential to decide with',
      hint: 'decide in a terminal, or set MCP_GATE_APPROVER=NAME:SECRET',
    });
  });

  it('is the owner of the credential, and nobody when it is wrong', async () => {
    const { parts, store } = deskScratch();
    const { secret } = await addApprover(parts, 'alice', desktop);
    const env = { MCP_GATE_APPROVER: secret };
    const alice = { kind: 'credential', name: 'alice' };
    expect(await resolveApprover(store, { ...source, env })).toEqual(alice);
    expect(await resolveApprover(store, { ...source, env, as: 'alice' })).toEqual(alice);
    await expect(resolveApprover(store, { ...source, env, as: 'bob' })).rejects.toMatchObject({
      code: 'credential_refused',
      message: 'credential is for "alice", expected "bob"',
    });
    const wrong = { MCP_GATE_APPROVER: 'alice:wrong' };
    await expect(resolveApprover(store, { ...source, env: wrong })).rejects.toMatchObject(invalid);
  });
});
