import fc from 'fast-check';
import { expect, it } from 'vitest';
import { noticeOf } from '../../src/approval/notices/notice.ts';
import { besideLines } from '../../src/approval/view/beside.ts';
import { approvalDetail, detailLines } from '../../src/approval/view/present.ts';
import { questionOf } from '../../src/approval/view/question.ts';
import { folded } from '../../src/cli/approvals/approvals-fold.ts';
import { groupedLines } from '../../src/cli/approvals/approvals-list.ts';
import {
  asking,
  emptyScreen,
  screenLines,
  withPending,
} from '../../src/cli/approvals/approvals-screen.ts';
import { canonical } from '../../src/core/canonical.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import type { ApprovalRow } from '../../src/store/approval-contract.ts';
import type { Reader } from '../../src/store/contract.ts';
import { decision, deskScratch } from './desk-scratch.ts';

/** Whatever an agent, a server, a token or a rule may have put into a question. */
const pieces = [
  ...['\u001b[2J', '\u001b[31m', '\u001b]0;title\u0007', '\u001b]52;c;x\u001b\\', '\u009b1A', '\b'],
  ...['\r', '\n', '\r\n', '\t', '\u2028', '\u2029', '\u0085', '\u000b', '\u000c', '\0'],
  ...['\u202e', '\u2066', '\u2069', '\u200f', '\u200b', '\ufeff', '\u00ad', '\ufe0f', '\u3164'],
  ...['\u0301'.repeat(9), 'p\u0430ypal', '\uff0f', '\u5b57', '\u{1f44d}', '\u{e0041}', '\ue000'],
  ...['"', '\\', '\\u001b[2J', '│ ', '│', '  ', ' '.repeat(70), 'x'.repeat(90)],
  ...[
    'state       approved',
    'approve this call? [y/N] y',
    'digest  sha256:0',
    'before  9 approved',
  ],
  ...[
    'ap_0000000000  pending  files/read',
    '9 alike  like_0000000000',
    '> ap_0000000000',
    'arguments',
  ],
] as const;
const hostile = fc
  .array(fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'binary' })), { maxLength: 6 })
  .map((parts) => parts.join('').toWellFormed());
const value: fc.Arbitrary<Json> = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 3 },
    hostile,
    fc.constantFrom<Json>(null, true, 0, 1e21, []),
    fc.array(tie('json'), { maxLength: 3 }),
    fc.dictionary(hostile, tie('json'), { maxKeys: 3 }),
  ),
})).json;
const given = fc.dictionary(
  hostile.filter((name) => name !== '__proto__'),
  value,
  { maxKeys: 4, noNullPrototype: true },
);

const unsafe = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|\p{M}{5}/u;
const gutter = '│ ';
const plain = (_: string, text: string) => text;

// What a line of ours begins with, in each place. An id is ours: nobody chooses it.
const fact =
  /^(approval|state|call|reason|rules|requester|environment|expires|quorum|policy|binding|decision|trace|digest) |^arguments$/;
const beside = /^(before|beware) {2}\S/;
const about = /^(call {4}|digest {2}|id {6})/;
const left = /^\(\d+ lines are left out: mcp-gate approvals show ap_\w{10}\)$/;
const listed = /^ap_\w{10} {2}pending {2}|^\d+ alike {2}like_\w{10} {2}| {2}ap_\w{10} {2}until /;
const watched = /^[> ] ap_\w{10} {2}until |^\d+ pending|^\d+ alike {2}like_|^j\/k|^$/;

interface Scene {
  readonly store: Reader;
  readonly rows: readonly ApprovalRow[];
  readonly nowMs: number;
}

/** Every line that anybody sees of these questions, by the place where it stands. */
function shown({ store, rows, nowMs }: Scene, columns: number) {
  const [row = expect.fail('no question')] = rows;
  const detail = approvalDetail(store, row, nowMs);
  const whole = detailLines(detail, columns);
  const extra = besideLines(store, row, detail, columns);
  const question = questionOf(detail, columns, { beside: extra });
  const { shown: some, alike } = folded(store, rows, nowMs);
  const screen = withPending(emptyScreen, some, alike);
  const asked = asking(screen, { id: row.id, lines: [...whole, ...extra] }, { rows: 1_000_000 });
  return {
    detail,
    question,
    places: [
      { lines: whole, ours: [fact] },
      { lines: extra, ours: [beside] },
      { lines: question.lines, ours: [fact, beside, about, left, /^$/] },
      { lines: groupedLines(store, rows, nowMs, columns), ours: [listed] },
      { lines: screenLines(screen, { columns, rows: 30 }, plain), ours: [watched] },
      {
        lines: screenLines(asked, { columns }, plain),
        ours: [fact, beside, /^$/, /^approve this call\? \[y\/N\]$/],
      },
    ],
  };
}

function expectSafe(scene: Scene, columns: number): ReturnType<typeof shown> {
  const all = shown(scene, columns);
  for (const { lines, ours } of all.places) {
    for (const line of lines) {
      expect(line).not.toMatch(unsafe);
      const isOurs = line.startsWith(gutter) || ours.some((each) => each.test(line));
      expect(isOurs, `a line of nobody: ${line}`).toBe(true);
      if (/^(\(|approve this call)/.test(line) || line === scene.rows[0]?.id) continue;
      const cells = [...line].reduce((sum, each) => sum + (each <= '~' ? 1 : 2), 0);
      expect(cells).toBeLessThanOrEqual(Math.max(columns, 40));
    }
    // Each of these stands there once at most, whatever the question is full of.
    for (const only of ['state ', 'arguments', 'approve this call', 'id      ']) {
      expect(lines.filter((line) => line.startsWith(only)).length).toBeLessThanOrEqual(1);
    }
    expect(
      lines.filter((line) => line.startsWith('state ') && line !== 'state       pending'),
    ).toEqual([]);
  }
  return all;
}

/** What stands under `arguments`, put together again. */
function readBack(lines: readonly string[]): unknown {
  const at = lines.indexOf('arguments');
  const text = lines.slice(at + 1).map((line) => line.slice(gutter.length));
  return JSON.parse(text.join(''));
}

it('nothing in a question makes a line that passes for one of ours, or hides what will run', async () => {
  const scratch = deskScratch();
  const { ask, clock, store } = scratch;
  const texts = fc.record({
    tool: hostile,
    server: hostile,
    requester: hostile,
    reason: hostile,
    rule: hostile,
  });
  await fc.assert(
    fc.asyncProperty(
      texts,
      given,
      given,
      fc.constantFrom(40, 80, 200),
      async ({ tool, server, requester, reason, rule }, first, second, columns) => {
        const put = (args: JsonObject) =>
          ask({
            ...{ tool, server, requester },
            decision: { ...decision({}, [rule]), reason },
            canonicalArguments: canonical(args),
          });
        const rows = [await put(first), await put(second)];
        const distinct = rows[0]?.id === rows[1]?.id ? rows.slice(0, 1) : rows;
        const { places } = expectSafe({ store, rows: distinct, nowMs: clock() }, columns);
        expect(readBack(places[0]?.lines ?? [])).toEqual(JSON.parse(canonical(first)));
      },
    ),
    { numRuns: 150 },
  );
}, 60_000);

it('a notice to the outside says nothing that moves or hides text, and nothing of the arguments', async () => {
  const { ask } = deskScratch();
  await fc.assert(
    fc.asyncProperty(hostile, hostile, hostile, async (tool, requester, reason) => {
      const secret = '{"password":"s3cret-value"}';
      const asked = { tool, requester, decision: { ...decision(), reason } };
      const { body } = noticeOf(await ask({ ...asked, canonicalArguments: secret }), tool);
      expect(body).not.toContain('s3cret-value');
      for (const text of Object.values<string>(JSON.parse(body).data)) {
        expect(text).not.toMatch(unsafe);
        expect(text.length).toBeLessThanOrEqual(3000);
      }
    }),
    { numRuns: 100 },
  );
}, 60_000);

const nested = (levels: number): Json => (levels === 0 ? 'deep\u202e' : [nested(levels - 1)]);
const huge: readonly (readonly [claim: string, JsonObject])[] = [
  ['a text of 1 MB', { text: 'state       approved\n\u001b[2J'.repeat(40_000) }],
  ['a name of 1 MB', { ['\u202egpj.exe '.repeat(100_000)]: 1 }],
  [
    '10,000 arguments',
    Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`k${n}\n`, n])),
  ],
  ['arguments that nest 60 deep', { nested: nested(60) }],
  ['100,000 marks upon one letter', { text: `a${'\u0301'.repeat(100_000)}` }],
];
it.each(huge)(
  '%s',
  async (_, args) => {
    const { ask, clock, store } = deskScratch();
    const row = await ask({ canonicalArguments: canonical(args) });
    const scene = { store, rows: [row], nowMs: clock() };
    const { places, question } = expectSafe(scene, 80);
    expect(readBack(places[0]?.lines ?? [])).toEqual(args);
    // The question stays readable: its last lines are ours, and what is left out is said where the answer is typed.
    expect(question.lines.length).toBeLessThanOrEqual(215);
    const isLeft = (places[0]?.lines.length ?? 0) > 200;
    expect(question.isYes('y')).toBe(!isLeft);
    if (isLeft) expect(question.lines.at(-1)).toMatch(left);
  },
  60_000,
);
