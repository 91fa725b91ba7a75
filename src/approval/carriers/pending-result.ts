import type { JsonObject } from '../../core/json.ts';

/** The tool result of a call that was held and has no verdict yet; `decision` is the decision it belongs to. */
export function pendingResult(approvalId: string, decision: JsonObject): JsonObject {
  return {
    content: [{ type: 'text', text: pendingText(approvalId) }],
    isError: true,
    _meta: { 'dev.mcp-gate/decision': { ...decision, approval_id: approvalId } },
  };
}

/**
 * What the agent is told when its call still waits for a person. It names no command: the model reads this, and must
 * not learn from us how to answer for its user.
 */
function pendingText(approvalId: string): string {
  return [
    `PENDING APPROVAL ${approvalId}. The call was not executed: it waits for a person's approval.`,
    `Ask your user to approve ${approvalId}.`,
    'When they say it is approved, repeat the identical call: the same tool with the same arguments.',
    'Until then do not try another way to do it.',
  ].join(' ');
}
