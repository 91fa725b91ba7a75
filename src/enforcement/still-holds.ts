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
 * What of that which an approval is bound to is not the same any more, in words, in the tick of the dispatch. The
 * transaction that used it up compared it with what was decided; until that is on the disk, time passes in which all of it
 * can change. A call that rests on no approval finishes under the policy that decided it.
 */
export function changedSince(
  { policy, clock, settings }: Around,
  { call, tool, policy: decided, settings: { environment } }: Ruling,
  { approval }: Claimed,
): string | undefined {
  if (approval === undefined) return undefined;
  const now = call.tool();
  const parts = [
    { part: 'pin', holds: now === undefined || now.pin === tool?.pin },
    { part: 'policy', holds: policy.current()?.version.digest === decided?.digest },
    { part: 'environment', holds: settings(call).environment === environment },
    { part: 'expiry', holds: clock() < approval.expiresMs },
  ];
  const changed = parts.filter(({ holds }) => !holds).map(({ part }) => part);
  return changed.length === 0 ? undefined : `changed since it was decided: ${changed.join(', ')}`;
}
