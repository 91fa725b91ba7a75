import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, vi } from 'vitest';
import { decideApproval } from '../../src/approval/decide.ts';
import { createBridge } from '../../src/bridge/bridge.ts';
import type { Bridge, Speaker } from '../../src/bridge/contract.ts';
import { keepSeals } from '../../src/bridge/kept-seals.ts';
import { isObject, type JsonObject } from '../../src/core/json.ts';
import { Lifetime } from '../../src/core/lifetime.ts';
import type { Session } from '../../src/core/tool-call.ts';
import type { ApprovalRow } from '../../src/store/approval-contract.ts';
import type { IncomingRequest } from '../../src/wire/contract.ts';
import { modernSpeaker, shown } from '../bridge/rig.ts';
import { answered, asksOnce, callerOf, callOf, type GateRig, openRig } from './rig.ts';

interface Sent {
  readonly args?: JsonObject;
  readonly scope?: string;
  readonly speaker?: Speaker;
  readonly more?: JsonObject;
  readonly lifetime?: Lifetime;
}

const brieflyMs = 1;
const patientlyMs = 20_000;
const result = { content: [], ran: true };

/** A client of the modern era in front of the real bridge, gate, desk and store; seals are kept in the state folder. */
export class RoundsRig {
  readonly #dir = mkdtempSync(path.join(tmpdir(), 'gate-rounds-'));
  gate: GateRig;
  #bridge: Bridge;
  readonly #sessions = new Map<string, Session>();

  constructor() {
    this.gate = this.#openGate();
    this.#bridge = this.#openBridge();
  }

  /** One request of the client, with the state of an earlier answer if it has one: what it gets. */
  async send(state: string | undefined, sent: Sent = {}): Promise<JsonObject> {
    const { args = { path: 'a' }, scope = 'os:alice', speaker = modernSpeaker } = sent;
    const params = {
      ...{ name: 'files__write_file', arguments: args, ...sent.more },
      ...(state !== undefined && { requestState: state }),
    };
    const method = 'tools/call';
    const request: IncomingRequest = { kind: 'request', id: 1, method, params, extras: undefined };
    const crossing = this.#bridge.cross(request, speaker, scope);
    if ('code' in crossing) return { error: { ...crossing } };
    const { rounds } = crossing;
    const alice = callerOf(sent.lifetime);
    const name = String(speaker.hello.clientInfo?.['name']);
    const caller = {
      ...alice,
      session: this.#session(name),
      identity: { ...alice.identity, scope },
      ...(rounds !== undefined && { rounds }),
    };
    const answer = await this.gate.decide(callOf(this.gate, args), caller, () => this.gate.target);
    const reply = crossing.reply(answer);
    crossing.end();
    return shown(reply);
  }

  /** One for each client, as long as the process lives. */
  #session(name: string): Session {
    const known = this.#sessions.get(name);
    if (known !== undefined) return known;
    const session = { ...callerOf().session, client: { name, version: '1' } };
    this.#sessions.set(name, session);
    return session;
  }

  /** The request that goes on with an answer and is held as long as it takes, with what happens while it waits. */
  async wait(state: string, meanwhile: () => Promise<void>): Promise<JsonObject> {
    this.gate.holdMs = patientlyMs;
    const answer = this.send(state);
    await meanwhile();
    return answer;
  }

  /** The client goes away while the request waits: its answer reaches nobody. */
  async gone(state: string): Promise<void> {
    const lifetime = new Lifetime();
    this.gate.holdMs = patientlyMs;
    const lost = this.send(state, { lifetime });
    await this.onePending();
    lifetime.end('disconnected');
    await lost;
    this.gate.holdMs = brieflyMs;
  }

  /** Goes on with each answer until one is not to come again. */
  async allRounds(state: string): Promise<JsonObject> {
    let got = await this.send(state);
    for (let round = 2; round <= 8; round += 1) got = await this.send(stateIn(got));
    return got;
  }

  /** The yes comes, the call is dispatched, and the client goes away before the result is there. */
  async lostResult(state: string): Promise<JsonObject> {
    const lifetime = new Lifetime();
    let finish = () => {};
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    this.gate.deliver = () => finished.then(() => answered(result));
    await this.yes();
    const lost = this.send(state, { lifetime });
    await vi.waitFor(() => expect(this.gate.reached).toHaveLength(1), patientlyMs);
    lifetime.end('disconnected');
    finish();
    await lost;
    return this.send(undefined);
  }

  onePending(): Promise<ApprovalRow> {
    return vi.waitFor(() => {
      const [row] = this.gate.store.approvals(['pending']);
      if (row === undefined) throw new Error('nothing is pending yet');
      return row;
    }, patientlyMs);
  }

  yes = (name = 'bob') => this.#vote('approve', name);
  change = (edit: JsonObject, name = 'bob') => this.#vote('approve', name, edit);
  no = () => this.#vote('deny');

  async cancel(): Promise<void> {
    const { id } = await this.onePending();
    await this.gate.store.write('decision', (tx) => {
      tx.moveApproval(id, 'pending', { state: 'cancelled' });
    });
  }

  /** Everything that was not written down is gone. */
  async restart(): Promise<void> {
    const { reached } = this.gate;
    await this.#end();
    this.#sessions.clear();
    this.gate = this.#openGate();
    this.gate.reached.push(...reached);
    this.#bridge = this.#openBridge();
  }

  /** The entries of one kind, as they were written. */
  entries(kind: string): JsonObject[] {
    return this.gate.store.journal.range(0, 1000).flatMap((entry) => {
      const body: unknown = JSON.parse(entry.body);
      return entry.kind === kind && isObject(body) ? [body] : [];
    });
  }

  /** What the journal says of approvals, in order. */
  approvalKinds(): string[] {
    return this.gate.store.journal
      .range(0, 1000)
      .filter(({ kind }) => kind.startsWith('approval.'))
      .map(({ kind }) => kind.slice('approval.'.length));
  }

  async close(): Promise<void> {
    await this.#end();
    rmSync(this.#dir, { recursive: true });
  }

  #openGate(): GateRig {
    const gate = openRig(this.#dir, false);
    gate.policy = asksOnce;
    gate.holdMs = brieflyMs;
    gate.deliver = () => Promise.resolve(answered(result));
    return gate;
  }

  #openBridge(): Bridge {
    const folder = path.join(this.#dir, 'seals');
    return createBridge({
      clock: Date.now,
      frozen: () => this.gate.frozen,
      enter: (scope, lifetime) => this.gate.inFlight.enter(scope, lifetime),
      seals: keepSeals({ folder, gate: 'gate-1', clock: Date.now }),
    });
  }

  async #end(): Promise<void> {
    this.#bridge.close();
    await this.gate.close();
  }

  async #vote(verdict: 'approve' | 'deny', name = 'bob', edit?: JsonObject): Promise<void> {
    const { id } = await this.onePending();
    const approver = { kind: 'terminal', name } as const;
    const parts = { store: this.gate.store, clock: Date.now };
    await decideApproval(parts, { id, verdict, approver, reason: undefined, edit });
  }
}

/** The state that an answer asks to bring along; fails on every other answer. */
export function stateIn(got: JsonObject): string {
  const result = got['result'];
  const state = isObject(result) ? result['requestState'] : undefined;
  if (typeof state !== 'string') throw new Error(`no round: ${JSON.stringify(got)}`);
  return state;
}
