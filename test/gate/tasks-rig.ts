import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, vi } from 'vitest';
import { decideApproval } from '../../src/approval/decide.ts';
import { createHeldTasks } from '../../src/approval/tasks/held-tasks.ts';
import { TaskRoom } from '../../src/approval/tasks/task-room.ts';
import { createBridge } from '../../src/bridge/bridge.ts';
import { readEnvelope } from '../../src/bridge/envelope.ts';
import type { Delivery, Reply, RpcError } from '../../src/core/answer.ts';
import type { HeldTasks } from '../../src/core/held-task.ts';
import { isObject, type JsonObject } from '../../src/core/json.ts';
import type { Lifetime } from '../../src/core/lifetime.ts';
import type { ForwardedRequest, Identity } from '../../src/core/tool-call.ts';
import type { Host, Outlet } from '../../src/downstream/contract.ts';
import { createHost } from '../../src/downstream/host.ts';
import { openInstance } from '../../src/journal/instance.ts';
import { forwardedSince, outcomeStatus } from '../../src/journal/prior-run.ts';
import type { ApprovalRow } from '../../src/store/approval-contract.ts';
import type { Store } from '../../src/store/contract.ts';
import type { Connection, UpstreamPool } from '../../src/upstream/contract.ts';
import type { Era } from '../../src/wire/eras.ts';
import { shown } from '../bridge/rig.ts';
import { answered, asksOnce, type GateRig, openRig } from './rig.ts';

export interface Sender {
  readonly scope?: string;
  readonly verified?: boolean;
  readonly name?: string;
  readonly capabilities?: JsonObject;
  /** Ends when the client gives this request up. */
  readonly lifetime?: Lifetime;
}

const extension = 'io.modelcontextprotocol/tasks';
const declared: JsonObject = { extensions: { [extension]: {} } };
const patienceMs = 20_000;
export const ranResult = { content: [], ran: true };

/** A client that takes tasks, in front of the real face, bridge, gate, desk and store; only the tool is made up. */
export class TasksRig {
  readonly #dir: string;
  readonly #owner: boolean;
  gate: GateRig;
  host: Host;
  tasks: HeldTasks;
  room = new TaskRoom();
  /** What a server speaks, and what it says to anything but a call. */
  era: Era = 'legacy';
  onTask: (request: ForwardedRequest) => Delivery = () => answered({});
  /** What reached the server beside calls. */
  readonly heard: ForwardedRequest[] = [];
  /** How the lifetime of the last call that reached the tool stands. */
  sent: Lifetime | undefined;
  /** The process ends in the tick of the dispatch. */
  diesAtDispatch = false;
  /** The end of a task cannot be written. */
  losesEnds = false;
  #nextId = 1;

  /** With the folder of another one it is a second gate beside it. */
  constructor(beside?: TasksRig) {
    this.#owner = beside === undefined;
    this.#dir = beside?.dir ?? mkdtempSync(path.join(tmpdir(), 'gate-tasks-'));
    this.gate = this.#openGate();
    this.tasks = this.#openTasks();
    this.host = this.#openHost();
  }

  get dir(): string {
    return this.#dir;
  }

  /** Calls the tool: what the client gets. */
  call(args: JsonObject = { path: 'a' }, sender: Sender = {}): Promise<JsonObject> {
    return this.ask('tools/call', { name: 'files__write_file', arguments: args }, sender);
  }

  get = (taskId: string, sender: Sender = {}) => this.ask('tasks/get', { taskId }, sender);
  update = (taskId: string, sender: Sender = {}) =>
    this.ask('tasks/update', { taskId, inputResponses: {} }, sender);
  takeBack = (taskId: string, sender: Sender = {}) => this.ask('tasks/cancel', { taskId }, sender);

  /** The task that a call is answered with; fails on every other answer. */
  async open(args?: JsonObject, sender?: Sender): Promise<string> {
    return taskIn(await this.call(args, sender));
  }

  /** Asks until the task is over. */
  async untilOver(taskId: string): Promise<JsonObject> {
    return vi.waitFor(async () => {
      const got = await this.get(taskId);
      if (statusIn(got) === 'working') throw new Error('not over yet');
      return got;
    }, patienceMs);
  }

  ask(method: string, params: JsonObject, sender: Sender): Promise<JsonObject> {
    const {
      scope = 'os:alice',
      verified = true,
      name = 'tasker',
      capabilities = declared,
    } = sender;
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name, version: '1' },
      'io.modelcontextprotocol/clientCapabilities': capabilities,
    };
    const said = { ...params, _meta };
    const speaker = readEnvelope(said);
    if ('code' in speaker) throw new Error(speaker.message);
    const id = this.#nextId++;
    const request = { kind: 'request', id, method, params: said, extras: undefined } as const;
    return new Promise((resolve) => {
      const outlet = outletTo(resolve);
      sender.lifetime?.onEnd(() => {
        this.host.modern.gone(outlet);
        resolve({ gone: true });
      });
      this.host.modern.request(request, speaker, identityOf(scope, verified), outlet);
    });
  }

  onePending(): Promise<ApprovalRow> {
    return vi.waitFor(() => {
      const [row] = this.gate.store.approvals(['pending']);
      if (row === undefined) throw new Error('nothing is pending yet');
      return row;
    }, patienceMs);
  }

  yes = () => this.#vote('approve');
  no = () => this.#vote('deny');

  /** The tool answers when it is told to. */
  slowly(): () => void {
    let finish = () => {};
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    this.gate.deliver = () => finished.then(() => answered(ranResult));
    return () => finish();
  }

  reached(count: number): Promise<void> {
    return vi.waitFor(() => expect(this.gate.reached).toHaveLength(count), patienceMs);
  }

  async outcome(status: string): Promise<void> {
    await vi.waitFor(() => {
      expect(this.entries('outcome').map((entry) => entry['status'])).toContain(status);
    }, patienceMs);
  }

  /** Another gate over the same state, for the same client. */
  beside(): TasksRig {
    return new TasksRig(this);
  }

  /** Nothing is on its way for this task. */
  async idle(taskId: string): Promise<void> {
    await vi.waitFor(() => {
      expect(this.tasks.find('os:alice', taskId)?.state.kind).toBe('due');
    }, patienceMs);
  }

  /** The gate is closed as it should be and started anew. */
  async restart(): Promise<void> {
    const { reached } = this.gate;
    await this.#end();
    this.#begin(reached);
  }

  /** Nothing is written any more of what was in flight, and the next start says so. */
  async kill(): Promise<() => Promise<void>> {
    const { gate, host } = this;
    await gate.store.write('outcome', (tx) => {
      const gone = { gate: 'gate-1', pid: 2 ** 30, processStart: undefined };
      tx.putInstance({ id: 'instance-1', ...gone, heartbeatMs: Date.now(), status: {} });
    });
    this.#begin(gate.reached);
    await sweep(this.gate.store);
    return async () => {
      await host.close();
      await gate.close();
    };
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
    if (this.#owner) rmSync(this.#dir, { recursive: true });
  }

  #begin(reached: readonly string[]): void {
    this.gate = this.#openGate();
    this.gate.reached.push(...reached);
    this.tasks = this.#openTasks();
    this.host = this.#openHost();
  }

  async #end(): Promise<void> {
    await this.host.close();
    await this.gate.close();
  }

  #openGate(): GateRig {
    const gate = openRig(this.#dir, false);
    gate.policy = asksOnce;
    gate.deliver = () => Promise.resolve(answered(ranResult));
    return gate;
  }

  #openTasks(): HeldTasks {
    const { store } = this.gate;
    const { room } = this;
    const said = { clock: Date.now, outcomeOf: outcomeStatus, forwardedSince };
    const tasks = createHeldTasks({ store, ...said, warn: () => {}, room });
    return {
      keptMs: tasks.keptMs,
      isId: (id) => tasks.isId(id),
      open: (...said) => tasks.open(...said),
      find: (...said) => tasks.find(...said),
      moved: (...said) => tasks.moved(...said),
      take: (...said) => tasks.take(...said),
      adopt: (...said) => tasks.adopt(...said),
      told: (...said) => tasks.told(...said),
      cancel: (...said) => tasks.cancel(...said),
      end: (...said) =>
        this.losesEnds ? Promise.reject(new Error('no store')) : tasks.end(...said),
    };
  }

  #openHost(): Host {
    const { gate } = this;
    const pool = this.#pool();
    return createHost({
      frozen: () => gate.frozen,
      pools: { join: () => ({ pool, obstacle: () => undefined, leave: () => {} }) },
      bridge: createBridge({
        clock: Date.now,
        frozen: () => gate.frozen,
        enter: (scope, lifetime) => gate.inFlight.enter(scope, lifetime),
      }),
      decide: gate.decide,
      visibility: { key: () => '', filter: (_kind, items) => Promise.resolve(items) },
      clock: Date.now,
      version: '1',
      instructions: () => '',
      heldTasks: this.tasks,
      tasksFor: (name) => name === 'core',
    });
  }

  #pool(): UpstreamPool {
    const { gate } = this;
    const definition = { name: 'files__write_file' };
    const toolNow = () =>
      gate.tool && {
        ...gate.tool,
        ...{ server: 'files', name: 'write_file', exposedName: 'files__write_file', definition },
      };
    return {
      catalog: {
        settled: () => Promise.resolve(),
        revision: 1,
        list: () => [],
        tool: toolNow,
        toolOf: () => undefined,
        prompt: () => undefined,
        resourceServer: () => undefined,
      },
      start: () => {},
      open: () => {},
      connection: () => this.#connection(gate),
      connections: () => [],
      status: () => [],
      onChange: () => {},
      close: () => Promise.resolve(),
    };
  }

  #connection(gate: GateRig): Connection {
    if (this.diesAtDispatch) throw new Error('the process ends here');
    return {
      server: 'files',
      era: this.era,
      capabilities: {},
      subscribe: () => Promise.resolve(answered({})),
      notify: () => {},
      send: (request, options) => {
        if (request.method === 'tools/call') {
          this.sent = options.lifetime;
          return gate.target.send(request, options);
        }
        this.heard.push(request);
        return Promise.resolve(this.onTask(request));
      },
    };
  }

  async #vote(verdict: 'approve' | 'deny'): Promise<void> {
    const { id } = await this.onePending();
    const approver = { kind: 'terminal', name: 'bob' } as const;
    const parts = { store: this.gate.store, clock: Date.now };
    await decideApproval(parts, { id, verdict, approver, reason: undefined });
  }
}

async function sweep(store: Store): Promise<void> {
  const warn = () => {};
  const about = { gate: 'gate-1', version: '1', clock: Date.now, status: () => ({}), warn };
  const instance = openInstance({ store, id: 'instance-2', ...about });
  await vi.waitFor(() => expect(store.inflight()).toEqual([]), patienceMs);
  await instance.close();
}

export function outletTo(resolve: (got: JsonObject) => void): Outlet {
  return {
    reply: (_id, reply: Reply) => {
      if (reply.kind === 'text') resolve({ result: JSON.parse(reply.text), text: reply.text });
      else if (reply.kind !== 'relayed') resolve(shown(reply));
      else resolve({ ...shown(reply), text: reply.response.line.toString('utf8') });
    },
    refuse: (_id, error: RpcError) => resolve({ error: { ...error } }),
    notify: () => {},
    request: () => {},
    pending: 0,
  };
}

export function identityOf(scope: string, verified: boolean): Identity {
  const id = verified ? scope : null;
  return { type: 'identity', id, source: verified ? 'os' : 'anonymous', verified, scope };
}

export function taskIn(got: JsonObject): string {
  const result = got['result'];
  const taskId = isObject(result) && result['resultType'] === 'task' ? result['taskId'] : undefined;
  if (typeof taskId !== 'string') throw new Error(`no task: ${JSON.stringify(got)}`);
  return taskId;
}

export function statusIn(got: JsonObject): unknown {
  const result = got['result'];
  return isObject(result) ? result['status'] : undefined;
}
