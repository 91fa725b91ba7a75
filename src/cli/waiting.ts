import { Asking } from '../approval/carriers/asking.ts';
import { holdBudgetMs } from '../approval/carriers/hold-budget.ts';
import { pendingAnswer } from '../approval/carriers/pending-answer.ts';
import { takesTask } from '../approval/carriers/task-answer.ts';
import { createDesk } from '../approval/desk.ts';
import type { JsonObject } from '../core/json.ts';
import type { Caller } from '../core/tool-call.ts';
import { decisionMeta } from '../enforcement/denial.ts';
import type { GateParts } from '../gate.ts';
import type { ApprovalRow } from '../store/approval-contract.ts';
import type { Foundation } from './foundation.ts';

/** How calls wait for a person, as it is configured at the moment. */
export function waitingOf({
  store,
  clock,
  settings,
}: Foundation): Pick<GateParts, 'desk' | 'holdBudgetMs' | 'pendingAnswer'> {
  const approvals = () => settings.config().approvals;
  const defaults = {
    get expiresInMs() {
      return approvals().expiresInMs;
    },
    get quorum() {
      return approvals().quorum;
    },
    get requireCredential() {
      return approvals().requireCredential;
    },
  };
  const holdMs = (caller: Caller, { expiresMs }: ApprovalRow) => {
    // It asks what became of the call, and need not be kept waiting for that.
    if (takesTask(caller, approvals().tasks)) return 0;
    const { session, progress } = caller;
    const { defaultMs, clientsMs } = approvals().hold;
    const overrides = { ...Object.fromEntries(clientsMs), default: defaultMs };
    const untilExpiryMs = expiresMs - clock();
    return holdBudgetMs(session.client.name, overrides, progress !== undefined, untilExpiryMs);
  };
  const desk = createDesk({ store, clock, defaults });
  const asking = new Asking({
    ...{ store, clock, desk },
    page: () => approvals().page?.url,
    wishes: () => approvals().elicit,
    requireCredential: () => approvals().requireCredential,
  });
  const pending = (caller: Caller, approval: ApprovalRow, decision: JsonObject) =>
    pendingAnswer(caller, approval, decision, {
      holdMs: holdMs(caller, approval),
      rounds: approvals().rounds,
      tasks: approvals().tasks,
    });
  return {
    desk: { ...desk, wait: (approval, hold) => asking.wait(approval, hold) },
    holdBudgetMs: ({ caller, decision }, approval) => {
      const answer = pending(caller, approval, {});
      const client = decision.approval?.client;
      return asking.asksIn({ answer, caller, approval, client }) ? 0 : holdMs(caller, approval);
    },
    pendingAnswer: (caller, ref, approval) => {
      const answer = pending(caller, approval, decisionMeta(ref));
      const client = ref.decision.approval?.client;
      return asking.inAnswer({ answer, caller, approval, client });
    },
  };
}
