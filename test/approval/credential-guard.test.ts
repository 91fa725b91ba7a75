import { describe, expect, it } from 'vitest';
import { addApprover } from '../../src/approval/approvers/approvers.ts';
import { CredentialGuard } from '../../src/approval/approvers/credential-guard.ts';
import { Failures } from '../../src/approval/approvers/failures.ts';
import { deskScratch } from './desk-scratch.ts';

async function guarded() {
  const { parts } = deskScratch();
  const { secret } = await addApprover(parts, 'dana', { credential: undefined, osUser: 'rita' });
  return { guard: new CredentialGuard(parts), dana: secret };
}

describe('the guard', () => {
  it('looks at two at once, and puts the others off', async () => {
    const { guard, dana } = await guarded();
    const tries = await Promise.all(
      Array.from({ length: 6 }, (_, index) => guard.admit(dana, `10.0.0.${index}`)),
    );
    expect(tries.map(({ kind }) => kind)).toEqual([
      ...['known', 'known'],
      ...['later', 'later', 'later', 'later'],
    ]);
    expect(await guard.admit(dana, '10.0.0.1')).toMatchObject({ kind: 'known' });
  });

  it.each([
    ['one network of IPv6', (n: number) => `2001:db8:0:1::${n.toString(16)}`, true],
    ['one network, written out', (n: number) => `2001:db8:0:1:0:0:${n}:1`, true],
    [
      'one address of IPv4 in two forms',
      (n: number) => (n % 2 ? '10.0.0.1' : '::ffff:10.0.0.1'),
      true,
    ],
    ['different networks', (n: number) => `2001:db8:0:${n + 2}::1`, false],
    ['different addresses', (n: number) => `10.0.1.${n}`, false],
  ])('counts %s', async (_, address, isOne) => {
    const { guard, dana } = await guarded();
    for (let tries = 1; tries <= 30; tries += 1) {
      const admission = await guard.admit(`n${tries}:x`, address(tries));
      expect(admission.kind).toBe('refused');
    }
    const last = await guard.admit(dana, address(1));
    expect(last.kind).toBe(isOne ? 'later' : 'known');
  });
});

describe('failures', () => {
  it('keeps no more keys than it may, and forgets the oldest', () => {
    let nowMs = 0;
    const failures = new Failures({ clock: () => nowMs, most: 1, windowMs: 100, mostKeys: 3 });
    for (const key of ['a', 'b', 'c', 'd']) failures.begin(key);
    expect(['a', 'b', 'c', 'd'].map((key) => failures.blockedMs(key))).toEqual([0, 100, 100, 100]);
    nowMs = 40;
    expect(failures.blockedMs('d')).toBe(60);
    nowMs = 100;
    expect(failures.blockedMs('d')).toBe(0);
  });

  it('a try counts from its beginning on', () => {
    const failures = new Failures({ clock: () => 0, most: 2, windowMs: 100, mostKeys: 3 });
    failures.begin('a');
    failures.begin('a');
    expect(failures.blockedMs('a')).toBe(100);
    failures.succeed('a');
    expect(failures.blockedMs('a')).toBe(0);
  });
});
