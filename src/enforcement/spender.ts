import type { BudgetCall } from '../control/contract.ts';
import type { Caller, ToolCall } from '../core/tool-call.ts';
import type { CallSettings } from '../facts/input.ts';
import { modelFacts } from '../facts/model.ts';

/** A call as budgets see it. */
export function spenderOf(call: ToolCall, caller: Caller, settings: CallSettings): BudgetCall {
  return {
    subject: caller.identity.scope,
    session: caller.session.id,
    server: call.server,
    tool: call.resourceType === 'tool' ? call.name : call.action,
    model: modelFacts(call.claims.model).id,
    bytesIn: Buffer.byteLength(call.argumentsText),
    tariff: settings.tariff,
  };
}
