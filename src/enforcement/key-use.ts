import type { KeyUse } from '../control/contract.ts';
import { canonical } from '../core/canonical.ts';
import type { Json } from '../core/json.ts';
import { valueAt } from '../core/json-pointer.ts';
import { sharingScope } from '../core/sharing-scope.ts';
import type { Caller, ToolCall } from '../core/tool-call.ts';
import type { CallSettings } from '../facts/input.ts';
import type { Plan as Obligations } from './obligations/plan.ts';

/**
 * The idempotency key of a call, as policy sets it, or an argument that the config points to, or the request's `_meta`.
 * What must be the same with it is the call that was asked for, whatever policy makes of it.
 */
export function keyUse(
  gate: string,
  { asked, settings }: { readonly asked: ToolCall; readonly settings: CallSettings },
  caller: Caller,
  { idempotencyKey: wanted }: Pick<Obligations, 'idempotencyKey'>,
): KeyUse | undefined {
  if (asked.action !== 'tools/call') return undefined;
  const { pointer, expiresInMs } = settings.idempotency;
  const pointed = pointer === undefined ? undefined : valueAt(asked.arguments, pointer);
  const key = [wanted, textOf(pointed), asked.claims.idempotencyKey].find(isKey);
  if (key === undefined) return undefined;
  const { name: _, ...others } = asked.request.fields ?? {};
  return {
    scope: canonical([gate, sharingScope(caller), asked.server, settings.environment]),
    key,
    payload: canonical([asked.name, asked.arguments, others]),
    expiresInMs,
  };
}

function textOf(value: Json | undefined): string | undefined {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? undefined : canonical(value);
}

function isKey(text: string | undefined): boolean {
  return text !== undefined && text !== '';
}
