import { setTimeout as sleep } from 'node:timers/promises';
import { decideApproval } from '../../src/approval/decide.ts';
import { changeControl } from '../../src/control/change-control.ts';
import { withFreeze, withMode, withoutFreezes } from '../../src/control/control-edits.ts';
import type { Answer, Delivery } from '../../src/core/answer.ts';
import { isObject, type Json, type JsonObject } from '../../src/core/json.ts';
import { Lifetime } from '../../src/core/lifetime.ts';
import type { Target } from '../../src/core/target.ts';
import type { Caller, ToolCall } from '../../src/core/tool-call.ts';
import { createServerRequests } from '../../src/downstream/server-requests.ts';
import { resolveCall } from '../../src/downstream/tool-calls.ts';
import type { UpstreamPool } from '../../src/upstream/contract.ts';
import { answered, answeredError } from '../gate/rig.ts';
import { until } from '../harness/until.ts';
import type { Call, Case, ServerAnswer, Wanted } from './case.ts';
import { isSettled, journalLines } from './journal-lines.ts';
import type { Stage } from './stage.ts';

/** What came of a case, in the words in which it says what it wants. */
export type Played = Required<Pick<Case, 'reached' | 'journal'>> & {
  readonly answers: readonly (Wanted | readonly Wanted[])[];
  readonly listed: readonly string[];
};

/** Plays a case, call by call. */
export async function play(stage: Stage, { calls, rules }: Case): Promise<Played> {
  const { store } = stage.on;
  const before = store.journal.head().size;
  const callers = new Callers(rules, stage.on.clock);
  const reached: Played['reached'] = [];
  const answers: (Wanted | Wanted[])[] = [];
  for (const call of calls) {
    await operate(stage, call.operator);
    stage.forward(1000 * Number(call.wait?.slice(0, -1) ?? 0));
    const known = reached.length;
    const one = () => make(stage, call, callers.of(call.caller ?? 'alice'), reached);
    const { together } = call;
    const made =
      together === undefined ? one() : Promise.all(Array.from({ length: together }, one));
    if (call.meanwhile !== undefined) {
      await until('a call under way', () => {
        return reached.length > known || store.approvals(['pending']).length > 0;
      });
      await operate(stage, call.meanwhile);
    }
    for (const said of [call.approve ?? []].flat()) await answer(stage, said, made);
    answers.push(await made);
  }
  // The answer of a call that was stopped does not wait for its outcome.
  await until('every outcome', () => isSettled(store.journal.range(before, 1000)));
  const { identity, session } = callers.of('alice');
  const tools = stage.catalog.list('tools');
  const viewer = { identity, client: session.client };
  const listed = await stage.gate.visibility.filter('tools', tools, viewer);
  return {
    answers,
    reached,
    journal: journalLines(store.journal.range(before, 1000)),
    listed: listed.map(({ definition }) => String(definition['name'])),
  };
}

class Callers {
  readonly #known = new Map<string, Caller>();
  readonly #client: string;
  readonly #clock: () => number;

  constructor(client: string, clock: () => number) {
    this.#client = client;
    this.#clock = clock;
  }

  /** Everybody has one session. */
  of(name: string): Caller {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const caller: Caller = {
      session: {
        id: `session of ${name}`,
        startedMs: this.#clock(),
        client: { name: this.#client, version: '1' },
        calls: 0,
        denials: 0,
        labels: new Set(),
      },
      identity: { type: 'identity', id: name, source: 'os', verified: true, scope: `os:${name}` },
      lifetime: new Lifetime(),
      progress: undefined,
      relayProgress: undefined,
      related: undefined,
    };
    this.#known.set(name, caller);
    return caller;
  }
}

async function operate({ on }: Stage, operator: Call['operator']): Promise<void> {
  if (operator === undefined) return;
  await changeControl(on.config.stateDir, (document) => {
    if (operator === 'enforce') return withMode(document, 'enforce');
    if (operator === 'unfreeze') {
      return withoutFreezes(document, new Set(document.freezes.map(({ id }) => id)));
    }
    const { server = null, tool = null, subject = null } = operator.freeze;
    const who = { id: 'fz_1', reason: 'incident', by: 'os:operator', at: '2026-01-01T00:00:00Z' };
    return withFreeze(document, { ...who, server, tool, subject });
  });
}

async function make(
  stage: Stage,
  call: Call,
  caller: Caller,
  reached: Played['reached'],
): Promise<Wanted> {
  const { gate, catalog } = stage;
  if (call.asks !== undefined) return ask(stage, call, call.asks, caller, reached);
  const { tool, arguments: args, meta: _meta, request } = call;
  const { method, params } = request ?? {
    method: 'tools/call',
    params: { name: tool ?? '', arguments: args ?? {} },
  };
  const whole = { ...params, ...(_meta !== undefined && { _meta }) };
  const message = { kind: 'request', id: 1, method, params: whole, extras: undefined } as const;
  const resolved = resolveCall(message, catalog, 'legacy');
  if (resolved.kind === 'refused') throw new Error(resolved.error.message);
  const way = (sent: ToolCall) => scripted(sent.server, call.server ?? { text: 'done' }, reached);
  return seen(await gate.decide(resolved.call, caller, way), method);
}

/** What a server asks of the client goes through the face's own hands. */
async function ask(
  { gate, catalog }: Stage,
  { server: says = { result: {} } }: Call,
  { server, method, params }: NonNullable<Call['asks']>,
  { session }: Caller,
  reached: Played['reached'],
): Promise<Wanted> {
  const pool: UpstreamPool = {
    catalog,
    start: () => {},
    open: () => {},
    connection: () => undefined,
    connections: () => [],
    status: () => [],
    onChange: () => {},
    close: async () => {},
  };
  const declared = { sampling: {}, elicitation: {}, roots: {} };
  const onRequest = createServerRequests({ decide: gate.decide, pool, session, declared });
  const request = { method, params, extras: undefined };
  const client = scripted(server, says, reached);
  return new Promise((resolve) => {
    onRequest(client)(server, request, new Lifetime(), (answer) => resolve(seen(answer, method)));
  });
}

/** A server that does what the case says, and writes down what reached it. */
function scripted(server: string, says: ServerAnswer, reached: Played['reached']): Target {
  return {
    send: ({ method, fields, argumentsText }, { lifetime }) => {
      const isTool = method === 'tools/call';
      const to = isTool ? `${server}/${String(fields?.['name'])}` : method;
      const sent = isTool ? { arguments: parsed(argumentsText ?? '{}') } : { params: fields ?? {} };
      reached.push({ to, ...sent });
      if (says !== 'silence') return Promise.resolve(deliveryOf(says));
      return new Promise((resolve) => {
        lifetime.onEnd(() => resolve({ kind: 'lost', reason: 'cancelled' }));
      });
    },
  };
}

function parsed(text: string): JsonObject {
  const value: unknown = JSON.parse(text);
  if (!isObject(value)) throw new Error('arguments are an object');
  return value;
}

function deliveryOf(says: Exclude<ServerAnswer, 'silence'>): Delivery {
  if (says === 'timeout') return { kind: 'lost', reason: 'no answer within 60000 ms' };
  if (says === 'crash') return { kind: 'lost', reason: 'server exited with code 9' };
  if (says === 'unsent') return { kind: 'unsent', reason: 'server is not running' };
  if ('error' in says) return answeredError(says.error);
  return answered(
    'result' in says ? says.result : { content: [{ type: 'text', text: says.text }] },
  );
}

type Verdict = boolean | { readonly edit: JsonObject };

/** One person's yes or no, as soon as the call waits for it. */
async function answer({ on }: Stage, said: Verdict, made: Promise<unknown>): Promise<void> {
  const { store, clock } = on;
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  void made.then(over, over);
  for (let [row] = store.approvals(['pending']); ; [row] = store.approvals(['pending'])) {
    if (row !== undefined) {
      const approver = { kind: 'terminal', name: 'alice' } as const;
      const verdict = said === false ? 'deny' : 'approve';
      const edit = typeof said === 'boolean' ? undefined : said.edit;
      const vote = { id: row.id, verdict, approver, reason: undefined, edit } as const;
      await decideApproval({ store, clock }, vote);
      return;
    }
    if (isOver) throw new Error('nobody was asked');
    await sleep(2);
  }
}

/** The answer as the agent sees it, but for what differs every time. */
function seen(answer: Answer, method: string): Wanted {
  if (answer.kind === 'refused') return seenError({ ...answer.error });
  const { result, isError } = relayedOrMade(answer);
  if (isError) return seenError(result);
  const { content, structuredContent, isError: failed, _meta, ...others } = result;
  const decision = markOf(_meta);
  if (method !== 'tools/call') {
    const { _meta: _, ...bare } = result;
    return { result: bare, ...decision };
  }
  if (Object.keys(others).length > 0) throw new Error(`not looked at: ${Object.keys(others)}`);
  return {
    ...(content !== undefined && { text: textOf(content) }),
    ...(structuredContent !== undefined && { structured: structuredContent }),
    ...(failed === true && { is_error: true }),
    ...decision,
  };
}

function relayedOrMade(answer: Exclude<Answer, { kind: 'refused' }>) {
  if (answer.kind === 'made') return { result: answer.result, isError: false };
  const { line, value, kind } = answer.response;
  return { result: parsed(line.toString('utf8', ...value)), isError: kind === 'error' };
}

function seenError({ code, message, data }: JsonObject): Wanted {
  return { error: { code: Number(code), message: bare(String(message)) }, ...markOf(data) };
}

function textOf(content: Json): string {
  const items = Array.isArray(content) ? content : [];
  return items
    .map((item: Json) =>
      bare(isObject(item) && 'text' in item ? String(item['text']) : JSON.stringify(item)),
    )
    .join('\n');
}

function bare(text: string): string {
  return text.replace(/ \(decision [0-9a-f-]{36}\)$/, '').replaceAll(/\bap_[\w-]+/g, 'ap_…');
}

function markOf(meta: Json | undefined): Pick<Wanted, 'decision'> {
  const mark = isObject(meta) ? meta['dev.mcp-gate/decision'] : undefined;
  if (!isObject(mark)) return {};
  const { decision_id: _, trace_id: __, approval_id: approval, ...others } = mark;
  const { outcome, reason, rules, ...flags } = others;
  return {
    decision: {
      outcome: String(outcome),
      reason: String(reason),
      rules: Array.isArray(rules) ? rules.map(String) : [],
      ...(approval !== undefined && { approval: true }),
      ...flags,
    },
  };
}
