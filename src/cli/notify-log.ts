import type { Logger } from 'pino';
import type { Ruling } from '../enforcement/decide.ts';
import { journalName } from '../journal/entries.ts';

/** Performs `notify`: a line in the log for each call that is let through under it. What the call says stays out of it. */
export function notifyLog(log: Pick<Logger, 'warn'>, ruling: Ruling): void {
  const { plan, obligations, decisionId, call, decision } = ruling;
  const isLet = plan.kind === 'run' && decision.outcome !== 'deny';
  if (!isLet || !obligations.notify.includes('log')) return;
  const about = {
    decision: decisionId,
    trace: call.traceId,
    action: call.action,
    server: call.server,
    tool: journalName(call),
    outcome: decision.outcome,
    rules: decision.rules.map(({ id }) => id),
  };
  log.warn(about, 'policy gives notice of a call');
}
