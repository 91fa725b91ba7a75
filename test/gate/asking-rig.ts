import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, vi } from 'vitest';
import { decideApproval } from '../../src/approval/decide.ts';
import type { AskMode, ClientUser, UserQuestion, UserSaid } from '../../src/core/client-user.ts';
import { isObject, type JsonObject } from '../../src/core/json.ts';
import { Lifetime } from '../../src/core/lifetime.ts';
import type { Session } from '../../src/core/tool-call.ts';
import type { ApprovalRow } from '../../src/store/approval-contract.ts';
import { shown } from '../bridge/rig.ts';
import { answered, asksOnce, callerOf, callOf, type GateRig, openRig } from './rig.ts';

export const page = 'https://gate.example/approvals';
const patientlyMs = 20_000;

/** A legacy client whose user can be asked: what it was asked, and what it says, when the test says so. */
export class AskedClient {
  readonly questions: (UserQuestion & { readonly id: string })[] = [];
  /** Ids of questions that are over. */
  readonly completed: string[] = [];
  /** Why the gate took questions back. */
  readonly takenBack: string[] = [];
  readonly lifetime = new Lifetime();
  readonly session: Session;
  readonly #answers: ((said: UserSaid | undefined) => void)[] = [];
  modes: readonly AskMode[] = ['url'];

  constructor(name: string, id: string) {
    const { session } = callerOf();
    this.session = { ...session, id, client: { name, version: '1' } };
  }

  get user(): ClientUser {
    return {
      modes: this.modes,
      lifetime: this.lifetime,
      ask: (id, question, lifetime) => {
        this.questions.push({ ...question, id });
        return new Promise((resolve) => {
          this.#answers.push(resolve);
          lifetime.onEnd(() => {
            this.takenBack.push(lifetime.ended ?? '');
            resolve(undefined);
          });
        });
      },
      completed: (id) => this.completed.push(id),
    };
  }

  says(said: UserSaid | undefined): void {
    for (const answer of this.#answers.splice(0)) answer(said);
  }

  asked(times = 1): Promise<void> {
    return vi.waitFor(() => expect(this.questions).toHaveLength(times), patientlyMs);
  }

  isTold(times = 1): Promise<void> {
    return vi.waitFor(() => expect(this.completed).toHaveLength(times), patientlyMs);
  }
}

/** The real gate, desk and store behind legacy clients; an approver has a credential, and a page is configured. */
export class AskingRig {
  readonly #dir = mkdtempSync(path.join(tmpdir(), 'gate-asking-'));
  gate: GateRig = this.#openGate();
  client = new AskedClient('tester', 's1');
  readonly #clients = [this.client];

  async enrol(): Promise<void> {
    await enrol(this.gate);
  }

  another(name = 'tester'): AskedClient {
    const client = new AskedClient(name, `s${this.#clients.length + 1}`);
    this.#clients.push(client);
    return client;
  }

  async call(client = this.client, lifetime = new Lifetime()): Promise<JsonObject> {
    const { session, user } = client;
    const caller = { ...callerOf(lifetime), session, user };
    return shown(await this.gate.decide(callOf(this.gate), caller, () => this.gate.target));
  }

  /** A call that is not waited for any longer, as its client is told. */
  async pendingResult(): Promise<void> {
    this.gate.holdMs = 1;
    expect(await this.call()).toMatchObject({ result: { isError: true } });
    await this.client.asked();
    this.gate.holdMs = patientlyMs;
  }

  /** So many decisions were written, each with the approval that its call waits for. */
  decided(times: number): Promise<void> {
    return vi.waitFor(() => expect(journalOf(this.gate).decisions).toBe(times), patientlyMs);
  }

  onePending(): Promise<ApprovalRow> {
    return onePending(this.gate);
  }

  yes = () => vote(this.gate, 'approve');
  no = () => vote(this.gate, 'deny');

  /** Everything that was not written down is gone, the client's session with it. */
  async restart(): Promise<void> {
    const { reached } = this.gate;
    this.client.lifetime.end('disconnected');
    await this.gate.close();
    this.gate = this.#openGate();
    this.gate.reached.push(...reached);
    this.client = this.another();
  }

  async close(): Promise<void> {
    for (const { lifetime } of this.#clients) lifetime.end('disconnected');
    await this.gate.close();
    rmSync(this.#dir, { recursive: true });
  }

  #openGate(): GateRig {
    const gate = openRig(this.#dir, false);
    gate.policy = asksOnce;
    gate.holdMs = patientlyMs;
    gate.page = page;
    gate.deliver = () => Promise.resolve(answered({ content: [], ran: true }));
    return gate;
  }
}

/** Somebody can prove themselves on the page; whose secret it is matters to nobody here. */
export async function enrol({ store }: GateRig): Promise<void> {
  const row = { name: 'dana', secret: 'unused', createdMs: 0, addedBy: 'test' };
  await store.write('decision', (tx) => tx.putApprover(row));
}

export async function vote(gate: GateRig, verdict: 'approve' | 'deny'): Promise<void> {
  const { id, binding } = await onePending(gate);
  const approver = { kind: 'credential', name: 'dana' } as const;
  const parts = { store: gate.store, clock: Date.now };
  await decideApproval(parts, { id, verdict, approver, reason: undefined, binding });
}

export function onePending(gate: GateRig): Promise<ApprovalRow> {
  return vi.waitFor(() => {
    const [row] = gate.store.approvals(['pending']);
    if (row === undefined) throw new Error('nothing is pending yet');
    return row;
  }, patientlyMs);
}

/** What the journal says of approvals, in order, and of executions. */
export function journalOf({ store }: GateRig) {
  const entries = store.journal.range(0, 1000).map((entry) => {
    const body: unknown = JSON.parse(entry.body);
    return { kind: entry.kind, body: isObject(body) ? body : {} };
  });
  const of = (kind: string) => entries.filter((entry) => entry.kind === kind);
  return {
    approvals: entries
      .filter(({ kind }) => kind.startsWith('approval.'))
      .map(({ kind }) => kind.slice('approval.'.length)),
    decisions: of('decision').length,
    forwarded: of('decision').filter(({ body }) => body['forwarded'] === true).length,
    executed: of('outcome').filter(({ body }) => body['status'] === 'executed').length,
    cancelled: of('approval.cancelled').map(({ body }) => body),
    approved: of('approval.approved').map(({ body }) => body),
  };
}
