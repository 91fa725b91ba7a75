import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { decideApproval } from '../../src/approval/decide.ts';
import type { Answer } from '../../src/core/answer.ts';
import { isObject, type JsonObject } from '../../src/core/json.ts';
import { Lifetime } from '../../src/core/lifetime.ts';
import type { ApprovalRow } from '../../src/store/approval-contract.ts';
import { loadDriver } from '../../src/store/driver.ts';
import { until } from '../harness/until.ts';
import { asksOnce, callerOf, callOf, type GateRig, openRig } from './rig.ts';

/** One call as its caller makes it. */
export interface Asked {
  readonly args: JsonObject;
  readonly server?: string;
  readonly name?: string;
  readonly scope?: string;
  readonly lifetime?: Lifetime;
}

/** A gate that asks about every call, its real store, and a hand that reaches past the desk into its file. */
export class BindingRig {
  readonly #dir = mkdtempSync(path.join(tmpdir(), 'gate-binding-'));
  readonly gate: GateRig;

  constructor() {
    this.gate = openRig(this.#dir, false);
    this.gate.policy = asksOnce;
    this.gate.holdMs = 1;
  }

  /** Makes the call: whether it ran, and the approval that it waits for. */
  async call(asked: Asked): Promise<{ ran: boolean; approvalId: string | undefined }> {
    const before = this.gate.reached.length;
    const answer = await this.start(asked);
    const ran = this.gate.reached.length > before;
    return { ran, approvalId: approvalOf(answer) };
  }

  start({ args, lifetime, scope = 'os:alice', ...rest }: Asked): Promise<Answer> {
    const call = { ...callOf(this.gate, args), ...rest };
    const alice = callerOf(lifetime ?? new Lifetime());
    const caller = { ...alice, identity: { ...alice.identity, scope } };
    return this.gate.decide(call, caller, () => this.gate.target);
  }

  async ask(asked: Asked): Promise<ApprovalRow> {
    const { approvalId = '' } = await this.call(asked);
    return this.row(approvalId);
  }

  async yes({ id }: ApprovalRow): Promise<void> {
    const approver = { kind: 'terminal', name: 'bob' } as const;
    const parts = { store: this.gate.store, clock: Date.now };
    await decideApproval(parts, { id, verdict: 'approve', approver, reason: undefined });
  }

  row(id: string): ApprovalRow {
    const row = this.gate.store.approval(id);
    if (row === undefined) throw new Error(`no approval "${id}"`);
    return row;
  }

  /** The one approval that is pending beside those. */
  async nextPending(...but: readonly ApprovalRow[]): Promise<ApprovalRow> {
    const next = () =>
      this.gate.store.approvals(['pending']).find(({ id }) => but.every((each) => each.id !== id));
    await until('another question', () => next() !== undefined);
    return this.row(next()?.id ?? '');
  }

  /** Writes into the row of an approval, as whoever can write the file does. */
  write({ id }: ApprovalRow, column: string, value: string | number): void {
    const { DatabaseSync } = loadDriver();
    const database = new DatabaseSync(path.join(this.#dir, 'gate.db'));
    try {
      const update = database.prepare(`UPDATE approval SET ${column} = ? WHERE id = ?`);
      if (update.run(value, id).changes !== 1) throw new Error(`nothing written to "${column}"`);
    } finally {
      database.close();
    }
  }

  entries(kind: string): JsonObject[] {
    const { size } = this.gate.store.journal.head();
    return this.gate.store.journal.range(0, size).flatMap((entry) => {
      const body: unknown = JSON.parse(entry.body);
      return entry.kind === kind && isObject(body) ? [body] : [];
    });
  }

  /** The entry with which somebody was asked. */
  question(id: string | undefined): JsonObject {
    const found = this.entries('approval.requested').find((body) => body['approval_id'] === id);
    if (found === undefined) throw new Error(`nobody was asked "${id}"`);
    return found;
  }

  async close(): Promise<void> {
    await this.gate.close();
    rmSync(this.#dir, { recursive: true });
  }
}

function approvalOf(answer: Answer): string | undefined {
  const meta = answer.kind === 'made' ? answer.result['_meta'] : undefined;
  const mark = isObject(meta) ? meta['dev.mcp-gate/decision'] : undefined;
  const id = isObject(mark) ? mark['approval_id'] : undefined;
  return typeof id === 'string' ? id : undefined;
}
