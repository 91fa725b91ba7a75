import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Asking } from '../../src/approval/carriers/asking.ts';
import { pendingAnswer } from '../../src/approval/carriers/pending-answer.ts';
import { type TaskTerms, takesTask } from '../../src/approval/carriers/task-answer.ts';
import { createDesk } from '../../src/approval/desk.ts';
import { keepResult, takeKept } from '../../src/approval/kept-result.ts';
import { createSpending } from '../../src/control/budgets.ts';
import { createClaims } from '../../src/control/idempotency.ts';
import { InFlightCalls } from '../../src/control/in-flight.ts';
import { untilOver } from '../../src/control/joining.ts';
import type { Delivery } from '../../src/core/answer.ts';
import { type Budget, noTariff, type Tariff } from '../../src/core/budget.ts';
import type { CallScope } from '../../src/core/call-scope.ts';
import type { AskMode } from '../../src/core/client-user.ts';
import { uuidv7 } from '../../src/core/ids.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { Lifetime } from '../../src/core/lifetime.ts';
import type { Decide, Target } from '../../src/core/target.ts';
import type { Caller, ToolCall, ToolFacts } from '../../src/core/tool-call.ts';
import type { Ruling } from '../../src/enforcement/decide.ts';
import { decisionMeta } from '../../src/enforcement/denial.ts';
import { createGate } from '../../src/gate.ts';
import { createRecorder, type Recorder } from '../../src/journal/recorder.ts';
import type { ActivePolicy } from '../../src/policy/contract.ts';
import type { Decision } from '../../src/policy/decision.ts';
import type { PolicyInput } from '../../src/policy/input.ts';
import type { Store } from '../../src/store/contract.ts';
import { openStore } from '../../src/store/sqlite-store.ts';

/** A whole gate with the real store and approval desk; policy is a function, and the tool is a list of what reached it. */
export interface GateRig {
  readonly store: Store;
  readonly decide: Decide;
  readonly target: Target;
  /** The argument texts that reached the tool. */
  readonly reached: string[];
  policy: (input: PolicyInput) => Decision;
  policyDigest: string;
  environment: string;
  frozen: string | undefined;
  /** The scopes that freezes were looked up for, in order. */
  readonly looked: CallScope[];
  readonly inFlight: InFlightCalls;
  mode: 'observe' | 'enforce';
  /** The mode of servers that have one of their own. */
  readonly modes: Map<string, 'observe' | 'enforce'>;
  tariff: Tariff;
  approvalMode: PolicyInput['context']['approval_mode'];
  holdMs: number;
  rounds: ReadonlyMap<string, boolean>;
  /** Where approvers answer in a browser. */
  page: string | undefined;
  elicit: ReadonlyMap<string, readonly AskMode[]>;
  requireCredential: boolean;
  tasks: TaskTerms;
  tool: ToolFacts | undefined;
  /** The other tools of the catalog, as `server/name`. */
  readonly siblings: Map<string, ToolFacts>;
  budgets: readonly Budget[];
  labels: readonly string[];
  /** Tools that no list shows. */
  readonly hidden: Set<string>;
  /** The decisions that those see who look at the gate. */
  readonly told: Ruling[];
  /** Happens when a decision is on record, before anything comes of it. */
  afterRecord: () => void;
  deliver: (argumentsText: string | undefined) => Promise<Delivery>;
  close(): Promise<void>;
}

const noRisk = { obligations: [], risk: null, approval: null };
const allTrue = { identity: true, model: true, data: true, policy: true };

export const decisions = {
  allow: {
    outcome: 'allow',
    reason: 'fine',
    rules: [{ id: 't.allow', reason: 'fine' }],
    predicates: allTrue,
    ...noRisk,
  },
  deny: {
    outcome: 'deny',
    reason: 'not here',
    rules: [{ id: 't.deny', reason: 'not here' }],
    predicates: { ...allTrue, policy: false },
    ...noRisk,
  },
  escalate: {
    outcome: 'escalate',
    reason: 'needs a yes',
    rules: [{ id: 't.ask', reason: 'needs a yes' }],
    predicates: allTrue,
    ...noRisk,
    approval: { expires_in_s: null, quorum: 1, approvers: [] },
  },
} as const satisfies Record<string, Decision>;

/** Asks once, and is satisfied by the approval of its own rule. */
export function asksOnce(input: PolicyInput): Decision {
  return input.context.approval?.rules.includes('t.ask') === true
    ? decisions.allow
    : decisions.escalate;
}

export function answered(result: JsonObject): Delivery {
  return answeredAs(JSON.stringify(result), result['isError'] === true);
}

/** A result as some server wrote it. */
export function answeredAs(value: string, isError = false): Delivery {
  const line = Buffer.from(`{"jsonrpc":"2.0","id":1,"result":${value}}`);
  const start = line.length - 1 - Buffer.byteLength(value);
  return {
    kind: 'answered',
    response: {
      line,
      id: [21, 22],
      value: [start, line.length - 1],
      kind: 'result',
      resultType: undefined,
      isError,
    },
  };
}

export function answeredError(error: JsonObject): Delivery {
  const delivery = answered(error);
  if (delivery.kind !== 'answered') return delivery;
  return { ...delivery, response: { ...delivery.response, kind: 'error' } };
}

export const plainTool: ToolFacts = {
  annotations: {},
  pin: 'sha256:other',
  pinState: 'pinned',
  fault: () => undefined,
  output: undefined,
};

export function openRig(dir = mkdtempSync(join(tmpdir(), 'gate-rig-')), removes = true): GateRig {
  const clock = Date.now;
  const store = openStore({ dir, durability: 'process', clock });
  const recorder: Recorder = createRecorder(store, 'instance-1', clock);
  const reached: string[] = [];
  const looked: CallScope[] = [];
  const inFlight = new InFlightCalls();
  const spending = createSpending('gate-1', () => rig.budgets);
  const claims = createClaims('instance-1');
  const desk = createDesk({
    store,
    clock,
    defaults: {
      ...{ expiresInMs: 60_000, quorum: 1 },
      get requireCredential() {
        return rig.requireCredential;
      },
    },
    pollMs: 2,
  });
  const asking = new Asking({
    ...{ store, clock, desk },
    page: () => rig.page,
    wishes: () => rig.elicit,
    requireCredential: () => rig.requireCredential,
  });
  const rig: GateRig = {
    store,
    reached,
    policy: () => decisions.allow,
    policyDigest: 'sha256:aa',
    environment: 'test',
    frozen: undefined,
    looked,
    inFlight,
    mode: 'enforce',
    modes: new Map(),
    tariff: noTariff,
    approvalMode: 'auto_execute',
    holdMs: 60_000,
    rounds: new Map(),
    page: undefined,
    elicit: new Map(),
    requireCredential: false,
    tasks: new Map(),
    tool: { ...plainTool, pin: 'sha256:pin' },
    siblings: new Map(),
    budgets: [],
    labels: [],
    hidden: new Set(),
    told: [],
    afterRecord: () => {},
    deliver: () => Promise.resolve(answered({ content: [] })),
    target: {
      send: (request) => {
        reached.push(request.argumentsText ?? '');
        return rig.deliver(request.argumentsText);
      },
    },
    decide: createGate({
      policy: { current: () => activeOf(rig), rejected: () => [], onChange: () => {}, close },
      clock,
      frozen: (scope) => {
        looked.push(scope);
        return rig.frozen;
      },
      inFlight,
      roots: () => ({ workspace: '/ws', serverCwd: '/ws', protectedPaths: ['/secret/gate'] }),
      instance: 'instance-1',
      gateKey: 'gate-1',
      recorder,
      desk: { ...desk, wait: (approval, hold) => asking.wait(approval, hold) },
      kept: { keep: keepResult, take: takeKept },
      spending,
      claims,
      budgets: (call, nowMs) => spending.facts(store, call, nowMs),
      isVisible: (call) => !rig.hidden.has(call.name),
      joinedUntilOver: (key, { lifetime }) =>
        untilOver({ store, claims, clock, pollMs: 2 }, key, lifetime, rig.holdMs),
      onDecided: (ruling) => {
        rig.told.push(ruling);
        rig.afterRecord();
      },
      onAsked: () => {},
      retentionMs: () => 60_000,
      warn: () => {},
      settings: ({ server, name }) => ({
        mode: rig.modes.get(server) ?? rig.mode,
        environment: rig.environment,
        approvalMode: rig.approvalMode,
        schema: 'enforce',
        trusted: false,
        costPerCallUsd: null,
        tariff: rig.tariff,
        idempotency: {
          pointer: name === 'write_file' ? '/request_id' : undefined,
          expiresInMs: 60_000,
        },
        labels: rig.labels,
        workspace: '/ws',
      }),
      holdBudgetMs: ({ caller, decision }, approval) => {
        const answer = pendingAnswer(caller, approval, {}, rig);
        const client = decision.approval?.client;
        const isNow =
          takesTask(caller, rig.tasks) || asking.asksIn({ answer, caller, approval, client });
        return isNow ? 0 : rig.holdMs;
      },
      pendingAnswer: (caller, ref, approval) => {
        const answer = pendingAnswer(caller, approval, decisionMeta(ref), rig);
        return asking.inAnswer({
          ...{ answer, caller, approval },
          client: ref.decision.approval?.client,
        });
      },
    }),
    close: async () => {
      await recorder.close();
      await store.close();
      if (removes) rmSync(dir, { recursive: true });
    },
  };
  return rig;
}

function activeOf(rig: GateRig): ActivePolicy {
  const engine = { gate: '0', regoc: null, opa_wasm: '0', memory_pages: 1 };
  return {
    version: { id: 'test', revision: null, digest: rig.policyDigest, engine },
    decide: (text) => rig.policy(JSON.parse(text)),
    visible: () => true,
    close,
  };
}

async function close(): Promise<void> {}

export function callOf(rig: GateRig, args: JsonObject = { path: 'a' }): ToolCall {
  const argumentsText = JSON.stringify(args);
  return {
    action: 'tools/call',
    resourceType: 'tool',
    server: 'files',
    name: 'write_file',
    arguments: args,
    argumentsText,
    request: {
      method: 'tools/call',
      fields: { name: 'write_file' },
      meta: undefined,
      argumentsText,
      extras: undefined,
    },
    traceId: uuidv7(Date.now()).replaceAll('-', ''),
    claims: { model: undefined, idempotencyKey: undefined },
    tool: () => rig.tool,
    sibling: (server, name) => {
      const tool = rig.siblings.get(`${server}/${name}`);
      return tool && (() => tool);
    },
  };
}

export function callerOf(lifetime = new Lifetime()): Caller {
  const client = { name: 'test', version: '1' };
  const session = {
    id: 's1',
    startedMs: Date.now(),
    client,
    calls: 0,
    denials: 0,
    labels: new Set<string>(),
  };
  const identity = {
    type: 'identity',
    id: 'alice',
    source: 'os',
    verified: true,
    scope: 'os:alice',
  } as const;
  return {
    session,
    identity,
    lifetime,
    progress: undefined,
    relayProgress: undefined,
    related: undefined,
  };
}
