import { expect, it } from 'vitest';
import { approvalDetail } from '../../src/approval/view/present.ts';
import { questionOf } from '../../src/approval/view/question.ts';
import { canonical } from '../../src/core/canonical.ts';
import { digestOf } from '../../src/core/digest.ts';
import { deskScratch } from './desk-scratch.ts';

it('the id, the call and the digest of its arguments stand where the answer is typed', async () => {
  const { detail, question } = await asked({ path: '/etc/hosts' });
  const digest = digestOf(canonical({ path: '/etc/hosts' }));
  expect(question.lines.slice(-4)).toEqual([
    '',
    'call    files/write_file',
    `digest  ${digest}`,
    `id      ${detail.id}`,
  ]);
  expect(question.lines).toContain('│   "path": "/etc/hosts"');
  expect(question.prompt).toBe('approve this call? [y/N] ');
  const typed = ['y', 'Y', 'yes', 'n', '', 'yess', digest.slice(7, 13)];
  expect(typed.map((each) => question.isYes(each))).toEqual([
    ...[true, true, true],
    ...[false, false, false, false],
  ]);
});

it('a name that is longer than the screen does not push them apart', async () => {
  const { question } = await asked({}, `${'x'.repeat(5000)}`);
  const at = question.lines.indexOf('');
  expect(question.lines.slice(at)).toHaveLength(4);
  expect(question.lines[at + 1]).toBe(`call    files/${'x'.repeat(66)}`);
});

it('a call of more than 200 lines is shown without its middle and takes more than a y', async () => {
  const list = Array.from({ length: 1000 }, (_, n) => `item ${n}`);
  const { detail, question } = await asked({ list });
  const code = digestOf(canonical({ list })).slice(7, 13);
  // 15 lines about the call, two braces, two brackets and the items.
  const left = `(${15 + 4 + 1000 + extraLines - 200} lines are left out: mcp-gate approvals show ${detail.id})`;
  expect(question.lines[120]).toBe(left);
  expect(question.lines.at(-1)).toBe(left);
  expect(question.lines).toHaveLength(120 + 1 + 80 + 1 + 3 + 1);
  expect(question.lines[119]).toMatch(/^│ {5}"item \d+",$/);
  expect(question.lines[200]).toBe('│ }');
  expect(question.prompt).toBe('to approve it, type the first 6 characters behind "sha256:" ');
  const typed = ['y', 'yes', '', code.slice(0, 5), code, code.toUpperCase()];
  expect(typed.map((each) => question.isYes(each))).toEqual([
    ...[false, false, false, false],
    ...[true, true],
  ]);
});

it('a call of exactly 200 lines is shown whole', async () => {
  const count = 200 - 15 - 4 - extraLines;
  const list = Array.from({ length: count }, () => 'x');
  expect((await asked({ list })).question.prompt).toBe('approve this call? [y/N] ');
  const { question } = await asked({ list: [...list, 'x'] });
  expect(question.lines[120]).toMatch(/^\(1 lines are left out/);
});

/** Lines about the call that are longer than 80 columns: its binding and the digest of its arguments. */
const extraLines = 2;

async function asked(args: Parameters<typeof canonical>[0], tool = 'write_file') {
  const { ask, clock, store } = deskScratch();
  const row = await ask({ tool, canonicalArguments: canonical(args) });
  const detail = approvalDetail(store, row, clock());
  return { detail, question: questionOf(detail, 80) };
}
