import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decideApproval } from '../../src/approval/decide.ts';
import type { Answer, Delivery } from '../../src/core/answer.ts';
import { GateError } from '../../src/core/errors.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { Lifetime } from '../../src/core/lifetime.ts';
import { leafHash, rootOfLeaves } from '../../src/journal/merkle.ts';
import { BindingRig } from './binding-rig.ts';
import { answered, plainTool } from './rig.ts';

/** Something that a client, a person, an operator or a server does; `which` picks one of those that it can be done to. */
const step = fc.record({
  does: fc.constantFrom(
    ...(['call', 'call', 'call', 'hang up', 'yes', 'yes', 'no'] as const),
    ...(['another policy', 'another definition', 'a result', 'a loss'] as const),
  ),
  which: fc.nat(7),
});

/** A gate on which calls of two kinds are made, given up, approved, denied and answered, in any order. */
class Turmoil {
  readonly #rig = new BindingRig();
  readonly #open: { lifetime: Lifetime; answer: Promise<Answer> }[] = [];
  readonly #running: ((delivery: Delivery) => void)[] = [];

  constructor() {
    this.#rig.gate.holdMs = 60_000;
    this.#rig.gate.deliver = () => new Promise((resolve) => this.#running.push(resolve));
  }

  async take({ does, which }: { does: string; which: number }): Promise<void> {
    const { gate } = this.#rig;
    const pick = <T>(from: readonly T[]): T | undefined => from[which % from.length];
    switch (does) {
      case 'call': {
        const lifetime = new Lifetime();
        const answer = this.#rig.start({ args: { kind: which % 2 }, lifetime });
        this.#open.push({ lifetime, answer });
        break;
      }
      case 'hang up':
        pick(this.#open)?.lifetime.end('timed out');
        break;
      case 'yes':
      case 'no': {
        const row = pick(gate.store.approvals(['pending']));
        if (row !== undefined) await this.#say(row.id, does === 'yes' ? 'approve' : 'deny');
        break;
      }
      case 'another policy':
        gate.policyDigest = `sha256:${which % 2}`;
        break;
      case 'another definition':
        gate.tool = { ...plainTool, pin: `sha256:${which % 2}` };
        break;
      case 'a result':
        this.#running.shift()?.(answered({ content: [] }));
        break;
      case 'a loss':
        this.#running.shift()?.({ kind: 'lost', reason: 'the server ended' });
        break;
    }
    await sleep(5);
  }

  async #say(id: string, verdict: 'approve' | 'deny'): Promise<void> {
    const approver = { kind: 'terminal', name: 'bob' } as const;
    const parts = { store: this.#rig.gate.store, clock: Date.now };
    try {
      await decideApproval(parts, { id, verdict, approver, reason: undefined });
    } catch (thrown) {
      // It may have been taken back in this very moment.
      if (!(thrown instanceof GateError) || thrown.code !== 'approval_refused') throw thrown;
    }
  }

  /** Everybody goes, and what runs comes to an end. */
  async end(): Promise<void> {
    for (const { lifetime } of this.#open) lifetime.end('seen enough');
    const all = Promise.all(this.#open.map(({ answer }) => answer));
    let isOver = false;
    void all.then(() => {
      isOver = true;
    });
    while (!isOver) {
      for (const finish of this.#running.splice(0)) finish(answered({ content: [] }));
      await sleep(2);
    }
  }

  /** Gives how much ran. */
  check(): number {
    const { store, reached } = this.#rig.gate;
    const entries = (kind: string) => this.#rig.entries(kind);
    const ids = (kind: string) => entries(kind).map((entry) => entry['approval_id']);
    const consumed = entries('approval.consumed');
    const decisions = entries('decision');
    const forwarded = decisions.filter((entry) => entry['forwarded'] === true);
    const said = entries('outcome').map((entry) => entry['decision_id']);

    // One yes, one run; each run rests on a yes of its own, and on exactly what that was given for.
    expect(new Set(ids('approval.consumed')).size).toBe(consumed.length);
    expect(consumed.map((entry) => entry['consumed_by']).sort()).toEqual(
      forwarded.map((entry) => entry['decision_id']).sort(),
    );
    for (const entry of consumed) this.#given(entry, decisions);
    // Nothing reached the server beside them, and what did not is said to have been stopped.
    const stopped = entries('outcome').filter((entry) =>
      ['refused', 'cancelled'].includes(String(entry['status'])),
    );
    expect(reached.length).toBe(forwarded.length - stopped.length);
    // Each that was let through has one outcome, and nothing is in flight.
    for (const { decision_id: id } of forwarded) {
      expect(said.filter((each) => each === id)).toHaveLength(1);
    }
    expect(store.inflight()).toEqual([]);
    const { size, root } = store.journal.head();
    const leaves = store.journal.range(0, size).map(({ body }) => leafHash(body));
    expect(rootOfLeaves(leaves).toString('hex')).toBe(root);
    return reached.length;
  }

  #given(entry: JsonObject, decisions: readonly JsonObject[]): void {
    const row = this.#rig.row(String(entry['approval_id']));
    const yes = this.#rig
      .entries('approval.approved')
      .filter((each) => each['approval_id'] === row.id && each['binding'] === row.binding);
    expect(yes).toHaveLength(1);
    const decisionOf = (id: unknown) => decisions.find((each) => each['decision_id'] === id);
    const asked = decisionOf(row.decisionId);
    const run = decisionOf(entry['consumed_by']);
    for (const part of ['policy', 'pin', 'environment', 'server', 'tool']) {
      expect(run?.[part]).toEqual(asked?.[part]);
    }
    for (const ended of ['approval.denied', 'approval.expired', 'approval.cancelled']) {
      expect(this.#rig.entries(ended).map((each) => each['approval_id'])).not.toContain(row.id);
    }
  }

  close = () => this.#rig.close();
}

it('whatever clients, people, operators and servers do: one yes, one run, of what it was given for', async () => {
  let ran = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
      const turmoil = new Turmoil();
      try {
        for (const each of steps) await turmoil.take(each);
        await turmoil.end();
        ran += turmoil.check();
      } finally {
        await turmoil.close();
      }
    }),
    { numRuns: 40 },
  );
  // Else nothing was shown.
  expect(ran).toBeGreaterThan(0);
}, 120_000);
