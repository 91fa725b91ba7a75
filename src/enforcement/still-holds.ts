import type { Clock } from '../core/clock.ts';
import type { ToolCall } from '../core/tool-call.ts';
import type { CallSettings } from '../facts/input.ts';
import type { PolicySource } from '../policy/contract.ts';
import type { Ruling } from './decide.ts';
import type { Claimed } from './step.ts';

interface Around {
  readonly policy: PolicySource;
  readonly clock: Clock;
  readonly settings: (call: ToolCall) => CallSettings;
}

/**
 * Which parts of what an approval is bound to are not the same any more, in the tick of the dispatch. The transaction that
 * used it up compared them with what was decided; until it is on the disk, time passes in which all of them can change. A
 * call that rests on no approval finishes under the policy that decided it.
 */
export function changedSince(
  { policy, clock, settings }: Around,
  { call, tool, policy: decided, settings: { environment } }: Ruling,
  { approval }: Claimed,
): readonly string[] {
  if (approval === undefined) return [];
  const now = call.tool();
  const parts = [
    { part: 'pin', holds: now === undefined || now.pin === tool?.pin },
    { part: 'policy', holds: policy.current()?.version.digest === decided?.digest },
    { part: 'environment', holds: settings(call).environment === environment },
    { part: 'expiry', holds: clock() < approval.expiresMs },
  ];
  return parts.filter(({ holds }) => !holds).map(({ part }) => part);
}
