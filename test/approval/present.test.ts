import { describe, expect, it } from 'vitest';
import { decideApproval } from '../../src/approval/decide.ts';
import {
  approvalDetail,
  approvalSummary,
  detailLines,
  summaryLines,
} from '../../src/approval/view/present.ts';
import { canonical } from '../../src/core/canonical.ts';
import { decision, deskScratch } from './desk-scratch.ts';

const wide = Number.POSITIVE_INFINITY;

describe('an approval as people see it', () => {
  it('is what "approvals list --format json" promises', async () => {
    const { ask, clock, store } = deskScratch();
    const row = await ask();
    expect(approvalSummary(store, row, clock())).toEqual({
      id: row.id,
      state: 'pending',
      server: 'files',
      tool: 'write_file',
      arguments: { path: '/etc/hosts', text: 'x' },
      reason: 'writes outside the workspace need a yes',
      requester: 'os:rita',
      created_at: '2026-01-02T03:04:05.000Z',
      expires_at: '2026-01-02T03:19:05.000Z',
    });
  });

  it('is expired at its expiry, before anybody has marked it', async () => {
    const { ask, clock, pass, store } = deskScratch();
    const row = await ask();
    pass(900_000);
    expect(approvalSummary(store, row, clock()).state).toBe('expired');
  });

  it('shows in detail what the verdict rests on', async () => {
    const { ask, clock, parts, store } = deskScratch();
    const row = await ask({ decision: decision({ quorum: 2, approvers: ['alice', 'bob'] }) });
    const { id } = row;
    const alice = { kind: 'credential', name: 'alice' } as const;
    await decideApproval(parts, { id, verdict: 'approve', approver: alice, reason: 'fine' });
    const claimed = { kind: 'claimed', name: 'bob' } as const;
    await decideApproval(parts, { id, verdict: 'approve', approver: claimed, reason: undefined });
    const detail = approvalDetail(store, row, clock());
    expect(detail).toMatchObject({
      rules: ['files.outside'],
      quorum: 2,
      approvers: ['alice', 'bob'],
      votes: [
        {
          approver: 'alice',
          verified: true,
          via: 'credential',
          verdict: 'approve',
          reason: 'fine',
        },
        { approver: 'bob', verified: false },
      ],
      binding: row.binding,
      decision_id: 'decision-1',
      policy_digest: 'sha256:policy',
      environment: 'dev',
      decided_at: null,
    });
    const lines = detailLines(detail, wide);
    expect(lines).toContain('call        tools/call files/write_file');
    expect(lines).toContain('quorum      2 of alice, bob');
    expect(lines).toContain('vote        approve by alice (credential): fine');
    expect(lines).toContain('vote        approve by bob (claimed, does not count)');
    expect(lines.slice(-5)).toEqual([
      'arguments',
      '│ {',
      '│   "path": "/etc/hosts",',
      '│   "text": "x"',
      '│ }',
    ]);
  });

  it('names the action that the decision was about', async () => {
    const { ask, clock, store } = deskScratch();
    await store.write('decision', (tx) =>
      tx.append({
        kind: 'decision',
        timeMs: clock(),
        decisionId: 'decision-1',
        fields: { action: 'prompts/get' },
      }),
    );
    const detail = approvalDetail(store, await ask({ action: 'prompts/get' }), clock());
    expect(detailLines(detail, wide)).toContain('call        prompts/get files/write_file');
  });

  it('keeps hostile text on its line and out of the terminal', async () => {
    const { ask, clock, store } = deskScratch();
    const hostile = 'x\u001b[2J\r\nstate       approved\u202e\u009b';
    const row = await ask({
      tool: hostile,
      canonicalArguments: canonical({ [hostile]: hostile }),
    });
    const [summary] = summaryLines(approvalSummary(store, row, clock()), wide);
    const lines = detailLines(approvalDetail(store, row, clock()), wide);
    const escaped = 'x\\u001b[2J\\u000d\\u000astate       approved\\u202e\\u009b';
    expect(summary).toContain(`files/${escaped}`);
    expect(lines).toContain(`call        tools/call files/${escaped}`);
    expect(lines.filter((line) => line.startsWith('state'))).toEqual(['state       pending']);
    for (const line of [summary, ...lines]) expect(line).not.toMatch(/[\p{Cc}\u202e]/u);
  });

  it.each([20, 80])(
    'is broken behind a gutter at %i columns, whatever is in it',
    async (columns) => {
      const { ask, clock, store } = deskScratch();
      const forged = 'state       approved  ';
      const row = await ask({
        tool: `${'　'.repeat(60)}${forged.repeat(9)}`,
        canonicalArguments: canonical({
          a: `${' '.repeat(columns)}${forged.repeat(9)}`,
          字: '字字'.repeat(99),
        }),
      });
      const summary = summaryLines(approvalSummary(store, row, clock()), columns);
      const lines = detailLines(approvalDetail(store, row, clock()), columns);
      for (const line of [...summary, ...lines]) {
        const wideCharacters = line.match(/[^\u0020-\u2fff]/g)?.length ?? 0;
        expect(line.length + wideCharacters).toBeLessThanOrEqual(columns);
      }
      expect(summary.slice(1).every((line) => line.startsWith('│ '))).toBe(true);
      const ours =
        /^(approval|state|call|reason|rules|requester|environment|expires|quorum|policy|binding|decision|trace|digest) |^arguments$/;
      const unmarked = lines.filter((line) => !line.startsWith('│ '));
      expect(unmarked.every((line) => ours.test(line))).toBe(true);
      expect(unmarked.filter((line) => line.startsWith('state'))).toEqual(['state       pending']);
      expect(lines.map((line) => line.slice(2)).join('')).toContain('字字字');
    },
  );

  it('says when its arguments are gone', async () => {
    const { ask, clock, store } = deskScratch();
    const row = await ask();
    await store.write('decision', (tx) => tx.erasePayloads(Number.MAX_SAFE_INTEGER));
    const detail = approvalDetail(store, row, clock());
    expect(detail.arguments).toBeNull();
    expect(detailLines(detail, wide).at(-1)).toBe('  (erased)');
  });
});
