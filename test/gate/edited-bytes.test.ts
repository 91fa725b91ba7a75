import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { decideApproval } from '../../src/approval/decide.ts';
import { editQuestion } from '../../src/approval/view/edit-question.ts';
import { editableText, parseEdited } from '../../src/cli/approvals/edited-arguments.ts';
import { canonical } from '../../src/core/canonical.ts';
import { digestOf } from '../../src/core/digest.ts';
import { GateError } from '../../src/core/errors.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import type { PolicyInput } from '../../src/policy/input.ts';
import { asksOnce, callerOf, callOf, type GateRig, openRig } from './rig.ts';

let rig: GateRig;
let seen: PolicyInput[] = [];
beforeEach(() => {
  rig = openRig();
  rig.policy = (input) => {
    seen.push(input);
    return asksOnce(input);
  };
});
afterEach(() => rig.close());

// Names that are numbers change their order when they are parsed; names and texts of all planes and marks.
const name = fc.oneof(
  fc.string(),
  fc.nat(30).map(String),
  fc.constantFrom('toString', '\u202e', '\u0000'),
);
const text = fc.string({ unit: 'binary' }).map((each) => each.toWellFormed());
const value = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    text,
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(name, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value;
const args = fc.dictionary(name, value, { maxKeys: 4, noNullPrototype: true });

/** What somebody wrote in an editor; undefined where it is refused. */
function written(object: JsonObject, before: JsonObject): JsonObject | undefined {
  try {
    return parseEdited(Buffer.from(editableText(object)), 'it', before);
  } catch (thrown) {
    if (thrown instanceof GateError) return undefined;
    throw thrown;
  }
}

it('what reaches the server is byte for byte what the approver was shown and policy saw', async () => {
  let ran = 0;
  await fc.assert(
    fc.asyncProperty(args, args, async (asked, wanted) => {
      const edit = written(wanted, asked);
      if (edit === undefined) return;
      seen = [];
      rig.reached.length = 0;
      const answer = rig.decide(callOf(rig, asked), callerOf(), () => rig.target);
      const row = await vi.waitFor(() => {
        const [pending] = rig.store.approvals(['pending']);
        if (pending === undefined) throw new Error('nothing is pending yet');
        return pending;
      });
      const { lines } = editQuestion(rig.store, row, edit, Date.now(), 100, 'yes?');
      const approver = { kind: 'credential', name: 'dana' } as const;
      const yes = { id: row.id, verdict: 'approve', approver, reason: undefined, edit } as const;
      await decideApproval({ store: rig.store, clock: Date.now }, yes);
      await answer;
      const bytes = canonical(wanted);
      expect(rig.reached).toEqual([bytes]);
      expect(lines).toContain(`digest  ${digestOf(bytes)}`);
      const last = seen.at(-1)?.resource.properties;
      expect(last?.arguments_digest).toBe(digestOf(bytes));
      expect(canonical(JSON.parse(JSON.stringify(last?.arguments ?? null)))).toBe(bytes);
      const [consumed] = rig.store.approvals(['consumed']).toReversed();
      expect(rig.store.payload(consumed?.argumentsPayload ?? '')?.toString()).toBe(bytes);
      ran += 1;
    }),
    { numRuns: 60 },
  );
  expect(ran).toBeGreaterThan(20);
}, 60_000);

it('what stands in the editor is the same arguments, and nothing that a terminal obeys', () => {
  fc.assert(
    fc.property(args, (object) => {
      const shown = editableText(object);
      expect(shown.replaceAll('\n', '')).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
      expect(canonical(JSON.parse(shown))).toBe(canonical(object));
    }),
  );
});
