import { describe, expect, it } from 'vitest';
import type { Identity } from '../../src/core/tool-call.ts';
import { ModernSessions } from '../../src/downstream/modern-sessions.ts';

const dayMs = 24 * 3_600_000;

function identityOf(id: string): Identity {
  return { type: 'identity', id, source: 'token', verified: true, scope: `token:${id}` };
}

function helloOf(name: string, capabilities = {}) {
  const clientInfo = { name, version: '1' };
  return { era: 'modern', protocolVersion: '2026-07-28', capabilities, clientInfo } as const;
}

/** As a request of this caller at this time. */
function use(sessions: ModernSessions, caller: string, name: string, nowMs = 0) {
  const session = sessions.of(helloOf(name), identityOf(caller), nowMs);
  sessions.used(identityOf(caller), session, nowMs);
  return session;
}

describe('the session of a modern caller', () => {
  it('is the same whatever it declares and its issuer vouches for, with what it has read', () => {
    const sessions = new ModernSessions();
    const first = use(sessions, 'a', 'n');
    first.labels.add('private');
    first.calls = 3;
    const claims = {
      issuer: 'i',
      groups: [],
      roles: ['other'],
      tenant: null,
      department: null,
      region: null,
    };
    const again = sessions.of(helloOf('n', { roots: {} }), { ...identityOf('a'), claims }, 1);
    expect(again).toBe(first);
    expect(again).toMatchObject({ calls: 3, labels: new Set(['private']), startedMs: 0 });
  });

  it('is its own: neither another caller nor another name has it', () => {
    const sessions = new ModernSessions();
    const all = [use(sessions, 'a', 'n'), use(sessions, 'b', 'n'), use(sessions, 'a', 'm')];
    expect(new Set(all).size).toBe(3);
    expect(new Set(all.map(({ id }) => id)).size).toBe(3);
  });

  it('is forgotten when it was not used for a day, and not before', () => {
    const sessions = new ModernSessions();
    const first = use(sessions, 'a', 'n');
    expect(use(sessions, 'a', 'n', dayMs - 1)).toBe(first);
    expect(use(sessions, 'a', 'n', 2 * dayMs - 2)).toBe(first);
    expect(use(sessions, 'a', 'n', 3 * dayMs - 2)).not.toBe(first);
  });

  it('is pushed out by a hundred others of the same caller that were used since, and by nobody else', () => {
    const sessions = new ModernSessions();
    const [mine, others] = [use(sessions, 'a', 'n'), use(sessions, 'b', 'n')];
    for (let at = 0; at < 99; at += 1) use(sessions, 'a', `m${at}`);
    expect(use(sessions, 'a', 'n')).toBe(mine);
    for (let at = 0; at < 100; at += 1) use(sessions, 'a', `m${at}`);
    expect(use(sessions, 'a', 'n')).not.toBe(mine);
    expect(use(sessions, 'b', 'n')).toBe(others);
  });

  it('is pushed out by a thousand other callers that came since', () => {
    const sessions = new ModernSessions();
    const [first, second] = [use(sessions, 'a', 'n'), use(sessions, 'b', 'n')];
    expect(use(sessions, 'a', 'n')).toBe(first);
    for (let at = 0; at < 999; at += 1) use(sessions, `c${at}`, 'n');
    expect(use(sessions, 'a', 'n')).toBe(first);
    expect(use(sessions, 'b', 'n')).not.toBe(second);
  });
});
