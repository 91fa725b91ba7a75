import { describe, expect, it } from 'vitest';
import { pendingResult } from '../../src/approval/carriers/pending-result.ts';

describe('the pending result', () => {
  it('tells the model what to do next, and nothing that approves', () => {
    const meta = { outcome: 'escalate', decision_id: 'decision-1', trace_id: 'f'.repeat(32) };
    const text =
      "PENDING APPROVAL ap_7k2m9qx4dz. The call was not executed: it waits for a person's approval. " +
      'Ask your user to approve ap_7k2m9qx4dz. When they say it is approved, repeat the identical call: ' +
      'the same tool with the same arguments. Until then do not try another way to do it.';
    expect(pendingResult('ap_7k2m9qx4dz', meta)).toEqual({
      content: [{ type: 'text', text }],
      isError: true,
      _meta: { 'dev.mcp-gate/decision': { ...meta, approval_id: 'ap_7k2m9qx4dz' } },
    });
  });
});
