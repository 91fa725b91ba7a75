import { type CallScope, scopeOf } from '../core/call-scope.ts';
import { canonical } from '../core/canonical.ts';
import type { Clock } from '../core/clock.ts';
import { digestOf } from '../core/digest.ts';
import { describe } from '../core/errors.ts';
import { uuidv7 } from '../core/ids.ts';
import type { Caller, ToolCall, ToolFacts } from '../core/tool-call.ts';
import { buildInput, type CallSettings } from '../facts/input.ts';
import { inputTextOf } from '../facts/input-text.ts';
import { noPathFacts, type PathRoots, pathFacts } from '../facts/paths.ts';
import type { ActivePolicy, PolicySource, PolicyVersion } from '../policy/contract.ts';
import type { Decision } from '../policy/decision.ts';
import type { PolicyInput } from '../policy/input.ts';
import { effective, type HostView, hostDenial } from '../policy/ruling.ts';
import type { ApprovalRow } from '../store/contract.ts';
import { hostRefusal } from './host-refusal.ts';

export interface DecideParts {
  readonly policy: PolicySource;
  readonly clock: Clock;
  /** Why calls of this scope are stopped; undefined when they are not. */
  readonly frozen: (scope: CallScope) => string | undefined;
  readonly roots: (server: string) => PathRoots;
}

/** One decision about one call, with everything that it rests on. */
export interface Ruling {
  readonly decisionId: string;
  readonly nowMs: number;
  readonly call: ToolCall;
  /** The tool as it was when this was decided. */
  readonly tool: ToolFacts | undefined;
  readonly caller: Caller;
  readonly settings: CallSettings;
  readonly input: PolicyInput;
  /** Exactly what policy saw. */
  readonly inputText: string;
  readonly canonicalArguments: string;
  readonly raw: Decision | undefined;
  readonly decision: Decision;
  readonly error: string | undefined;
  /** What is wrong with the arguments by the tool's schema; a server in `report` mode gets them all the same. */
  readonly schemaFault: string | undefined;
  readonly policy: PolicyVersion | undefined;
  /** Whether the decision binds; in observe mode it is only recorded. */
  readonly enforced: boolean;
}

export interface Standing {
  readonly round: number;
  /** A granted approval that the re-decision may rest on. */
  readonly approval: ApprovalRow | undefined;
  readonly prior: PolicyInput['context']['prior'];
}

/** Gathers the facts and asks policy, once. Never throws: whatever goes wrong is a denial. */
export async function decide(
  parts: DecideParts,
  call: ToolCall,
  caller: Caller,
  settings: CallSettings,
  standing: Standing,
): Promise<Ruling> {
  const nowMs = parts.clock();
  const frozen = parts.frozen(scopeOf(call, caller));
  const active = parts.policy.current();
  const tool = call.tool();
  const canonicalArguments = canonical(call.arguments);
  const { paths, protectedAt } =
    call.resourceType === 'client'
      ? noPathFacts
      : pathFacts(call.arguments, parts.roots(call.server));
  const input = buildInput(call, tool, caller, settings, {
    nowMs,
    round: standing.round,
    frozen: frozen !== undefined,
    paths,
    argumentsDigest: digestOf(canonicalArguments),
    approval: approvalFact(standing.approval),
    prior: standing.prior,
  });
  const inputText = inputTextOf(input);
  const schemaFault = tool?.fault(call.arguments);
  const refusal = hostRefusal({ call, tool, settings, frozen, protectedAt, schemaFault });
  const judged: Judged =
    refusal ?? (await askPolicy(active, inputText, viewOf(call, settings, standing)));
  return {
    decisionId: uuidv7(nowMs),
    nowMs,
    call,
    tool,
    caller,
    settings,
    input,
    inputText,
    canonicalArguments,
    raw: judged.raw,
    decision: judged.decision,
    error: judged.error,
    schemaFault,
    policy: active?.version,
    enforced:
      settings.mode === 'enforce' ||
      refusal?.binds === true ||
      settings.approvalMode === 'simulation_only',
  };
}

type Judged = Pick<Ruling, 'decision'> & Partial<Pick<Ruling, 'raw' | 'error'>>;

async function askPolicy(
  active: ActivePolicy | undefined,
  inputText: string,
  view: HostView,
): Promise<Judged> {
  if (active === undefined) {
    return { decision: hostDenial('gate.no-policy', 'no policy could be loaded') };
  }
  try {
    const raw = await active.decide(inputText);
    return { raw, decision: effective(raw, view) };
  } catch (thrown) {
    const decision = hostDenial('gate.policy-error', 'policy could not decide');
    return { decision, error: describe(thrown) };
  }
}

function viewOf(call: ToolCall, settings: CallSettings, standing: Standing): HostView {
  return {
    approvalMode: settings.approvalMode,
    satisfied: standing.approval?.rules ?? [],
    // Only a tool call has an answer that says "ask your user, and repeat".
    holdable: call.action === 'tools/call',
  };
}

function approvalFact(approval: ApprovalRow | undefined): PolicyInput['context']['approval'] {
  if (approval === undefined) return null;
  return {
    id: approval.id,
    rules: [...approval.rules],
    approvers: [...approval.decidedBy],
    expires: new Date(approval.expiresMs).toISOString(),
  };
}
