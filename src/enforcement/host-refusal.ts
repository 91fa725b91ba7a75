import { shortened } from '../core/shortened.ts';
import type { ToolCall, ToolFacts } from '../core/tool-call.ts';
import type { CallSettings } from '../facts/input.ts';
import type { Decision } from '../policy/decision.ts';
import { hostDenial } from '../policy/ruling.ts';

/** What the host looks at before policy is asked. */
export interface HostFacts {
  readonly call: ToolCall;
  readonly tool: ToolFacts | undefined;
  readonly settings: CallSettings;
  readonly frozen: string | undefined;
  /** The pointer of an argument that leads into what the gate lives on. */
  readonly protectedAt: string | undefined;
  readonly schemaFault: string | undefined;
  /** No list shows it to this caller. */
  readonly hidden: boolean;
  /** What bounds the call cannot be read. */
  readonly unbounded: boolean;
}

export interface HostRefusal {
  readonly decision: Decision;
  /** Holds in observe mode, too: without it there would soon be nothing left to observe with. */
  readonly binds: boolean;
  /** A denial by policy says more, and stands in its place: a policy that fails hides everything. */
  readonly yields?: boolean;
}

/** What the gate refuses by itself; undefined leaves the call to policy. */
export function hostRefusal(facts: HostFacts): HostRefusal | undefined {
  const { call, tool, settings, frozen, protectedAt, schemaFault, hidden, unbounded } = facts;
  if (frozen !== undefined) {
    const decision = hostDenial('gate.frozen', 'calls are stopped by the operator');
    return { decision, binds: true };
  }
  if (protectedAt !== undefined) {
    const reason = `${named(protectedAt)} leads into what the gate itself lives on`;
    return { decision: hostDenial('gate.protected-path', reason), binds: true };
  }
  if (call.action === 'tools/call' && tool === undefined) {
    const reason = 'the tool is not there any more';
    return { decision: hostDenial('gate.tool-gone', reason), binds: false };
  }
  if (hidden) {
    const reason = 'policy hides it from this caller';
    return { decision: hostDenial('gate.hidden', reason), binds: false, yields: true };
  }
  if (unbounded) {
    return { decision: hostDenial('gate.budgets', 'the budgets cannot be read'), binds: false };
  }
  if (schemaFault === undefined || settings.schema !== 'enforce') return undefined;
  const reason = shortened(`arguments do not fit the tool's schema: ${schemaFault}`, 1000);
  return { decision: hostDenial('gate.arguments-invalid', reason), binds: false };
}

// The reason stands in the journal for good, and a member's name is the agent's word: only a plain one is repeated.
function named(pointer: string): string {
  return /^[\w/.-]{1,100}$/.test(pointer) ? `argument "${pointer}"` : 'an argument';
}
