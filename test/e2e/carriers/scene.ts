import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { onTestFinished } from 'vitest';
import { decideApproval } from '../../../src/approval/decide.ts';
import type { ApprovalRow } from '../../../src/store/approval-contract.ts';
import type { Store } from '../../../src/store/contract.ts';
import { openStore } from '../../../src/store/sqlite-store.ts';
import type { LineClient } from '../../harness/line-client.ts';
import type { Message } from '../../harness/message.ts';
import { root, type Scratch, scratch } from '../../harness/scratch.ts';
import { until } from '../../harness/until.ts';
import type { Carrier } from './carrier.ts';

/** Asks about every call, and asks more about one of which nobody knows whether it ran. */
const rules = {
  'proof.rego': `package gate.rules.proof

escalate contains {"id": "proof.asks", "reason": "this test asks about everything"} if true

escalate contains {"id": "proof.may-have-run", "reason": "it may have run"} if {
	input.context.prior.status == "unknown"
}
`,
};

const preload = pathToFileURL(path.join(root, 'test', 'fixtures', 'kill-at-commit.mjs')).href;

/** One client that makes one call by one carrier, through real gates, to a server that notes what it runs. */
export class Scene {
  readonly house: Scratch;
  readonly #carrier: Carrier;
  readonly #store: Store;
  #client: LineClient;
  #tool = 'count';
  #request = 0;
  #isOpen = false;
  /** The last answer that the client has and can go on with. */
  #answer: Message | undefined;
  #asked: string[] = [];

  private constructor(house: Scratch, carrier: Carrier, client: LineClient) {
    this.house = house;
    this.#carrier = carrier;
    this.#client = client;
    this.#store = openStore({ dir: house.state, durability: 'process', clock: Date.now });
    onTestFinished(() => this.#store.close());
  }

  /** `killAt` ends the first gate there; with `expires`, nobody has time to come back a second time. */
  static async open(
    carrier: Carrier,
    { killAt, expires = false }: { readonly killAt?: string; readonly expires?: boolean },
  ): Promise<Scene> {
    const brief = { expiresIn: '5s', hold: { default: carrier.comesBack ? '3s' : carrier.hold } };
    const approvals = expires ? brief : { hold: { default: carrier.hold } };
    const house = await scratch({ rules, config: { approvals } });
    const client = house.start(
      killAt === undefined ? {} : { KILL_AT: killAt, NODE_OPTIONS: `--import=${preload}` },
    );
    await carrier.open(client);
    return new Scene(house, carrier, client);
  }

  /** Makes the call, or goes on with it as this carrier does. */
  send(tool = this.#tool): void {
    this.#tool = tool;
    const { goOn, start } = this.#carrier;
    const next = this.#answer && goOn(this.#client, tool, this.#answer);
    this.#request = next ?? start(this.#client, tool);
    this.#isOpen = true;
  }

  /** Makes sure that a request of the call is under way. */
  resume(): void {
    if (!this.#isOpen) this.send();
  }

  /** Makes the call and waits until somebody is asked about it; gives what they are asked. */
  async ask(tool?: string): Promise<ApprovalRow> {
    this.send(tool);
    await this.#untilWaiting();
    await until('a question', () => this.#pending().some(({ id }) => !this.#asked.includes(id)));
    const row = this.#pending().find(({ id }) => !this.#asked.includes(id));
    if (row === undefined) throw new Error('the question is gone');
    this.#asked.push(row.id);
    return row;
  }

  /** Makes the call again, in the place of a request that is open: it joins what was asked already. */
  async join(): Promise<void> {
    if (this.#isOpen) await this.cancel();
    const before = this.decisions();
    this.send();
    await this.#untilWaiting();
    await until('the next decision', () => this.decisions() > before);
  }

  yes = (row: ApprovalRow) => this.#vote(row, 'approve');
  no = (row: ApprovalRow) => this.#vote(row, 'deny');

  /** The last answer to the call: whoever was told to come back does so until there is one. */
  async last(): Promise<Message> {
    this.resume();
    for (;;) {
      const answer = await this.#next();
      const next = this.#carrier.goOn(this.#client, this.#tool, answer);
      if (next === undefined) return answer;
      this.#request = next;
      this.#isOpen = true;
    }
  }

  /** The client gives up the request that is open, or opens one and gives that up. */
  async cancel(): Promise<void> {
    this.resume();
    if (this.#carrier.giveUp !== undefined) this.#carrier.giveUp(this.#client, this.#answer);
    else this.#client.notify('notifications/cancelled', { requestId: this.#request });
    this.#isOpen = false;
    await this.#client.request('ping');
  }

  /** The client ends, and its gate with it. */
  async leave(): Promise<void> {
    await this.#client.close();
  }

  /** The gate has been killed where it was to be. */
  async killed(): Promise<void> {
    const { signal } = await this.#client.exited;
    if (signal !== 'SIGKILL') throw new Error(`the gate ended by itself: ${signal}`);
  }

  async kill(): Promise<void> {
    this.#client.kill('SIGKILL');
    await this.#client.exited;
  }

  /** Another gate, and the same client with what it still knows of its call. */
  async restart(): Promise<void> {
    this.#client = this.house.start();
    this.#isOpen = false;
    await this.#carrier.open(this.#client);
  }

  /** What is asked; it counts as seen. */
  async onlyPending(): Promise<ApprovalRow> {
    const [row, ...more] = this.#pending();
    if (row === undefined || more.length > 0) throw new Error(`${more.length} more are pending`);
    this.#asked.push(row.id);
    return row;
  }

  row({ id }: ApprovalRow): ApprovalRow | undefined {
    return this.#store.approval(id);
  }

  decisions(): number {
    return this.#store.journal.last(1000, ['decision']).length;
  }

  /** What the journal says of approvals, and of what became of the calls that were let through. */
  async journal(): Promise<string[]> {
    const entries = await this.house.journal();
    return entries.flatMap(({ kind, body }) => {
      if (kind === 'outcome') return [String(body['status'])];
      return kind.startsWith('approval.') ? [kind.slice('approval.'.length)] : [];
    });
  }

  /** What was asked is open, and a client that comes back has the answer that says so. */
  async #untilWaiting(): Promise<void> {
    if (!this.#carrier.comesBack) return;
    for (;;) {
      const answer = await this.#next();
      if (this.#carrier.waits(answer)) return;
      const next = this.#carrier.goOn(this.#client, this.#tool, answer);
      if (next === undefined) throw new Error(`it does not wait: ${JSON.stringify(answer)}`);
      this.#request = next;
    }
  }

  async #next(): Promise<Message> {
    const answer = await this.#client.response(this.#request);
    this.#isOpen = false;
    this.#answer = answer;
    return answer;
  }

  #pending(): readonly ApprovalRow[] {
    return this.#store.approvals(['pending']);
  }

  async #vote({ id }: ApprovalRow, verdict: 'approve' | 'deny'): Promise<void> {
    const approver = { kind: 'terminal', name: 'bob' } as const;
    const parts = { store: this.#store, clock: Date.now };
    await decideApproval(parts, { id, verdict, approver, reason: undefined });
  }
}
