import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Lifetime } from '../../src/core/lifetime.ts';
import type { ApprovalRow } from '../../src/store/approval-contract.ts';
import { type Asked, BindingRig } from './binding-rig.ts';
import { asksOnce, decisions } from './rig.ts';

let rig: BindingRig;
beforeEach(() => {
  rig = new BindingRig();
});
afterEach(() => rig.close());

/** One character of a text, and what stands in its place afterwards. */
const byte = fc.record({ at: fc.nat(1000), by: fc.integer({ min: 0, max: 93 }) });
type Byte = { readonly at: number; readonly by: number };

function changed(text: string, { at, by }: Byte): string {
  const place = at % text.length;
  const printable = 33 + by;
  const other = text.charCodeAt(place) === printable ? 33 + ((by + 1) % 94) : printable;
  return text.slice(0, place) + String.fromCharCode(other) + text.slice(place + 1);
}

/** What a yes is bound to, each with what a change of one byte makes of the call or of what is around it. */
const parts: Readonly<Record<string, (asked: Asked, change: Byte) => Asked>> = {
  arguments: (asked, change) => {
    const text = String(asked.args['text']);
    return { ...asked, args: { ...asked.args, text: changed(text, change) } };
  },
  subject: (asked, change) => ({ ...asked, scope: `os:${changed('alice', change)}` }),
  server: (asked, change) => ({ ...asked, server: changed('files', change) }),
  tool: (asked, change) => ({ ...asked, name: changed('write_file', change) }),
  pin: (asked, change) => {
    const { tool } = rig.gate;
    rig.gate.tool = tool && { ...tool, pin: `sha256:${changed(tool.pin.slice(7), change)}` };
    return asked;
  },
  policy: (asked, change) => {
    rig.gate.policyDigest = `sha256:${changed(rig.gate.policyDigest.slice(7), change)}`;
    return asked;
  },
  environment: (asked, change) => {
    rig.gate.environment = changed(rig.gate.environment, change);
    return asked;
  },
};
const around = ['pin', 'policy', 'environment'];

/** Puts what is around the call back as it was. */
function keepAround(): () => void {
  const { tool, policyDigest, environment } = rig.gate;
  return () => Object.assign(rig.gate, { tool, policyDigest, environment });
}

describe.each(Object.keys(parts))('one byte of the %s', (part) => {
  it.each(['between request and approval', 'between approval and retry'] as const)(
    'changed %s: nothing runs on the yes, which still answers the call that it was given for',
    async (when) => {
      let run = 0;
      const text = fc.string({ unit: 'grapheme-ascii', minLength: 1 });
      await fc.assert(
        fc.asyncProperty(text, byte, async (said, change) => {
          run += 1;
          const asked = { args: { run, text: said } };
          const restore = keepAround();
          const row = await rig.ask(asked);
          if (when === 'between approval and retry') await rig.yes(row);
          const other = parts[part]?.(asked, change) ?? asked;
          if (when === 'between request and approval') await rig.yes(row);

          const retry = await rig.call(other);
          expect(retry.ran).toBe(false);
          expect(retry.approvalId).not.toBe(row.id);
          const { differs, differs_from: from } = rig.question(retry.approvalId);
          const isSeen = around.includes(part);
          expect([differs, from]).toEqual(isSeen ? [[part], row.id] : [undefined, undefined]);
          expect(rig.row(row.id).state).toBe('approved');

          restore();
          expect(await rig.call(asked)).toMatchObject({ ran: true });
          expect(rig.row(row.id).state).toBe('consumed');
        }),
        { numRuns: 40 },
      );
    },
    60_000,
  );
});

describe('a call that is held while something changes', () => {
  it.each(around)('is asked about anew when it is the %s', async (part) => {
    rig.gate.holdMs = 20_000;
    const lifetime = new Lifetime();
    const asked = { args: { text: 'a' }, lifetime };
    const answer = rig.start(asked);
    const row = await rig.nextPending();
    parts[part]?.(asked, { at: 1, by: 7 });
    await rig.yes(row);
    const next = await rig.nextPending(row);
    expect(rig.question(next.id)).toMatchObject({ differs: [part], differs_from: row.id });
    expect(rig.row(row.id).state).toBe('approved');
    lifetime.end('seen enough');
    await answer;
    expect(rig.gate.reached).toEqual([]);
  });

  it('is told of all parts that do', async () => {
    const asked = { args: { text: 'a' } };
    const row = await rig.ask(asked);
    for (const part of around) parts[part]?.(asked, { at: 1, by: 7 });
    const { approvalId } = await rig.call(asked);
    expect(rig.question(approvalId)).toMatchObject({ differs: around, differs_from: row.id });
  });

  it('says nothing of a yes that has no time left, nor of one that was used', async () => {
    const asked = { args: { text: 'a' } };
    await rig.yes(await rig.ask(asked));
    expect(await rig.call(asked)).toMatchObject({ ran: true });
    rig.gate.policyDigest = 'sha256:bb';
    const { approvalId } = await rig.call(asked);
    expect(rig.question(approvalId)['differs']).toBeUndefined();
  });
});

describe('what changes when the yes is used up and nothing is sent yet', () => {
  const moments: readonly [part: string, change: (row: ApprovalRow) => void][] = [
    ['pin', (row) => parts['pin']?.({ args: {} }, { at: row.createdMs, by: 7 })],
    ['policy', () => parts['policy']?.({ args: {} }, { at: 1, by: 7 })],
    ['environment', () => parts['environment']?.({ args: {} }, { at: 1, by: 7 })],
    ['expiry', ({ expiresMs }) => waitUntil(expiresMs)],
  ];
  it.each(moments)('stops the call, and it is asked about anew: %s', async (part, change) => {
    const brief = { ...decisions.escalate.approval, expires_in_s: 1 };
    rig.gate.policy = (input) => {
      const decision = asksOnce(input);
      return decision.outcome === 'escalate' ? { ...decision, approval: brief } : decision;
    };
    const asked = { args: { text: 'a' } };
    const row = await rig.ask(asked);
    await rig.yes(row);
    rig.gate.afterRecord = () => {
      if (rig.row(row.id).state === 'consumed') {
        rig.gate.afterRecord = () => {};
        change(row);
      }
    };
    const { ran, approvalId } = await rig.call(asked);
    expect(ran).toBe(false);
    expect(approvalId).not.toBe(row.id);
    const reason = `changed since it was decided: ${part}`;
    expect(rig.entries('outcome')).toMatchObject([{ status: 'refused', reason }]);
    expect(rig.gate.store.inflight()).toEqual([]);
  });
});

function waitUntil(timeMs: number): void {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  while (Date.now() < timeMs) Atomics.wait(pause, 0, 0, 10);
}

describe('what is written into the row of an approval past the desk', () => {
  const columns: readonly [column: string, value: (row: ApprovalRow) => string | number][] = [
    ['binding', (row) => changed(row.binding, { at: 70, by: 5 })],
    ['gate', (row) => changed(row.gate, { at: 1, by: 5 })],
    ['server', (row) => changed(row.server, { at: 1, by: 5 })],
    ['tool', (row) => changed(row.tool, { at: 1, by: 5 })],
    ['requester', (row) => changed(row.requester, { at: 4, by: 5 })],
    ['policy_digest', (row) => changed(row.policyDigest, { at: 8, by: 5 })],
    ['environment', (row) => changed(row.environment, { at: 1, by: 5 })],
    ['expires_ms', (row) => row.expiresMs + 1],
    ['expires_ms', (row) => row.expiresMs - 1],
    ['quorum', () => 2],
    ['rules', () => '["t.ask","t.more"]'],
    ['approvers', () => '["bob"]'],
    ['arguments_payload', () => 'none'],
  ];
  it.each(columns)('%s: nothing runs on it, and somebody is asked anew', async (column, value) => {
    const asked = { args: { text: 'a' } };
    const row = await rig.ask(asked);
    await rig.yes(row);
    rig.write(row, column, value(row));
    const retry = await rig.call(asked);
    expect(retry.ran).toBe(false);
    expect(retry.approvalId).not.toBe(row.id);
    expect(rig.row(row.id).state).toBe('cancelled');
    const taken = { approval_id: row.id, superseded_by: retry.approvalId, differs: ['binding'] };
    expect(rig.entries('approval.cancelled')).toMatchObject([taken]);
  });

  it('a yes that is moved under the key of another call is none to that', async () => {
    const row = await rig.ask({ args: { text: 'a' } });
    const other = await rig.ask({ args: { text: 'b' } });
    await rig.yes(row);
    rig.write(other, 'call_key', 'none');
    rig.write(row, 'call_key', other.callKey);
    expect(await rig.call({ args: { text: 'b' } })).toMatchObject({ ran: false });
    expect(rig.gate.reached).toEqual([]);
  });

  it('the arguments of another call in their place are none that anybody said yes to', async () => {
    const row = await rig.ask({ args: { text: 'a' } });
    const other = await rig.ask({ args: { text: 'b' } });
    await rig.yes(row);
    rig.write(row, 'arguments_payload', other.argumentsPayload);
    expect(await rig.call({ args: { text: 'a' } })).toMatchObject({ ran: false });
  });
});
