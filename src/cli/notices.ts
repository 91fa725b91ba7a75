import type { Logger } from 'pino';
import type { Ruling } from '../enforcement/decide.ts';
import { journalName } from '../journal/entries.ts';

/**
 * Performs `{type: "notify", channel: "log"}`: one line for every decision that binds, a denial too, without arguments and
 * reasons. Those are in the journal.
 */
export function noticeOf(log: Pick<Logger, 'warn'>, ruling: Ruling): void {
  const { enforced, raw, decision, call, decisionId } = ruling;
  // A denial of the host has no obligations left, and policy may have wanted this to be noticed.
  const wanted = [...decision.obligations, ...(raw?.obligations ?? [])];
  if (!enforced || !wanted.some(({ type, channel }) => type === 'notify' && channel === 'log'))
    return;
  const { server, action, traceId } = call;
  log.warn(
    {
      decision_id: decisionId,
      trace_id: traceId,
      outcome: decision.outcome,
      action,
      server,
      tool: journalName(call),
      rules: decision.rules.map(({ id }) => id),
    },
    'policy gives notice of a decision',
  );
}
