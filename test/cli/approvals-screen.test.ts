import { expect, it } from 'vitest';
import {
  asking,
  emptyScreen,
  onKey,
  resized,
  screenLines,
  withPending,
} from '../../src/cli/approvals/approvals-screen.ts';
import type { ApprovalRow } from '../../src/store/approval-contract.ts';

const plain = (_: string, text: string) => text;

function row(id: string, change: Partial<ApprovalRow> = {}): ApprovalRow {
  return {
    id,
    state: 'pending',
    callKey: 'k',
    binding: 'b',
    gate: 'g',
    server: 'files',
    tool: 'write',
    argumentsPayload: 'p',
    reason: 'r',
    rules: [],
    requester: 'os:me',
    approvers: [],
    quorum: 1,
    policyDigest: 'd',
    environment: 'e',
    traceId: 't',
    decisionId: 'd',
    createdMs: 0,
    expiresMs: Date.UTC(2026, 0, 2, 3, 4, 5),
    decidedMs: undefined,
    decidedBy: [],
    decisionReason: undefined,
    consumedBy: undefined,
    resultPayload: undefined,
    requiresCredential: false,
    withdrawnBy: undefined,
    ...change,
  };
}

const two = withPending(emptyScreen, [row('ap_1'), row('ap_2')]);
const question = { id: 'ap_1', lines: ['the call'] };

const keys: [claim: string, screen: typeof two, key: string, meaning: object][] = [
  ['a asks about the call under the cursor', two, 'a', { kind: 'ask', id: 'ap_1' }],
  ['d denies the call under the cursor', two, 'd', { kind: 'deny', id: 'ap_1' }],
  ['q ends', two, 'q', { kind: 'quit' }],
  ['j moves down', two, 'j', { kind: 'show', screen: { selected: 'ap_2' } }],
  ['down moves down', two, 'down', { kind: 'show', screen: { selected: 'ap_2' } }],
  ['k stops at the top', two, 'k', { kind: 'show', screen: { selected: 'ap_1' } }],
  ['a without a call does nothing', emptyScreen, 'a', { kind: 'show' }],
  ['d without a call does nothing', emptyScreen, 'd', { kind: 'show' }],
  ['y without a question does nothing', two, 'y', { kind: 'show', screen: two }],
  ['y answers the question', { ...two, question }, 'y', { kind: 'confirm', id: 'ap_1' }],
  [
    'any other key takes the question back',
    { ...two, question },
    'a',
    { kind: 'show', screen: { question: undefined, message: 'nothing was decided' } },
  ],
];

it.each(keys)('%s', (_, screen, key, meaning) => {
  expect(onKey(screen, key)).toMatchObject(meaning);
});

it('the cursor stays on its call when others come and go', () => {
  const screen = withPending({ ...two, selected: 'ap_2' }, [row('ap_0'), row('ap_2')]);
  expect(screen.selected).toBe('ap_2');
  expect(withPending(screen, [row('ap_0')]).selected).toBe('ap_0');
  expect(withPending(screen, []).selected).toBe(undefined);
});

it('a question about a call that somebody else decided is taken back', () => {
  const screen = withPending({ ...two, question }, [row('ap_2')]);
  expect(screen).toMatchObject({ question: undefined, message: 'ap_1 does not wait any more' });
});

it('a row fits the width and shows nothing that could move the cursor', () => {
  const screen = withPending(emptyScreen, [row('ap_1', { reason: `\u001b[2J${'x'.repeat(500)}` })]);
  const line = screenLines(screen, { columns: 80 }, plain).find((each) => each.startsWith('>'));
  expect(line).toMatch(/^> ap_1 {2}until 03:04:05 {2}files\/write {2}by os:me {2}\\u001b\[2Jx+$/);
  expect(line?.length).toBe(80);
});

it('a call that is longer than the screen is not asked about there', () => {
  const long = { id: 'ap_1', lines: Array<string>(10).fill('x') };
  expect(asking(two, long, { rows: 12 })).toMatchObject({
    question: undefined,
    message: 'longer than this screen: mcp-gate approve ap_1',
  });
  expect(asking(two, long, { rows: 13 }).question).toBe(long);
});

it('a question is taken back when the screen gets another size', () => {
  expect(resized({ ...two, question })).toMatchObject({
    question: undefined,
    message: 'the screen has another size now, nothing was decided',
  });
  expect(resized(two)).toBe(two);
});

it('a row of wide characters fits the width', () => {
  const screen = withPending(emptyScreen, [row('ap_1', { tool: '　字'.repeat(200) })]);
  const line = screenLines(screen, { columns: 80 }, plain).find((each) => each.startsWith('>'));
  expect(line).toMatch(/^> ap_1 {2}until 03:04:05 {2}files\/(　字)+　?$/);
  expect(line?.length).toBe(30 + (80 - 30) / 2);
});

it('a message fits the width and shows nothing that could move the cursor', () => {
  const screen = { ...two, message: `\u001b[2J${'x'.repeat(500)}` };
  const message = screenLines(screen, { columns: 40 }, plain).at(-2);
  expect(message).toBe(`\\u001b[2J${'x'.repeat(31)}`);
});

it('calls in any number do not push the others off the screen', () => {
  const many = Array.from({ length: 500 }, (_, n) => row(`ap_${n}`));
  const screen = withPending({ ...emptyScreen, selected: 'ap_250' }, many);
  const lines = screenLines(screen, { columns: 80, rows: 24 }, plain);
  expect(lines.length).toBeLessThan(24);
  expect(lines[0]).toBe('500 pending');
  expect(lines[2]).toBe('  (242 more above)');
  expect(lines.at(-4)).toBe('  (242 more below)');
  expect(lines.filter((line) => line.startsWith('>'))).toEqual([
    expect.stringMatching(/^> ap_250 /),
  ]);
});

const alike = new Map([['ap_1', { more: 12, text: `13 alike \u001b[2J${'x'.repeat(500)}` }]]);

it('what stands for others says so, in the row and below the list', () => {
  const screen = withPending(emptyScreen, [row('ap_1'), row('ap_2')], alike);
  const lines = screenLines(screen, { columns: 60 }, plain);
  expect(lines[0]).toBe('14 pending, 12 of them alike');
  expect(lines[2]).toBe('> ap_1  until 03:04:05  +12 alike  files/write  by os:me  r');
  expect(lines.at(-3)).toBe(`13 alike \\u001b[2J${'x'.repeat(42)}`);
  const moved = screenLines({ ...screen, selected: 'ap_2' }, { columns: 60 }, plain);
  expect(moved.some((line) => line.startsWith('13 alike'))).toBe(false);
});

it('with what is alike the list still fits the screen', () => {
  const many = [row('ap_1'), ...Array.from({ length: 500 }, (_, n) => row(`ap_x${n}`))];
  const lines = screenLines(
    withPending(emptyScreen, many, alike),
    { columns: 80, rows: 24 },
    plain,
  );
  expect(lines.length).toBeLessThan(24);
});

it('g shows those that are alike one by one, and under a question decides nothing', () => {
  expect(onKey(two, 'g')).toEqual({ kind: 'fold' });
  expect(onKey({ ...two, question }, 'g')).toMatchObject({ screen: { question: undefined } });
});
