import { expect } from '../expect.ts';
import { type Parts, showCommand } from '../perform.ts';

/** What was recorded of the approved call, and the last decision decided again. */
export async function lookBack(parts: Parts, approvedTrace: string): Promise<void> {
  parts.stage.title('6. Trace: everything about the approved call, in order');
  const trace = await showCommand(parts, ['trace', approvedTrace]);
  for (const kind of ['approval.requested', 'approval.approved', 'approval.consumed', 'executed']) {
    expect('the trace', trace, new RegExp(kind.replace('.', '\\.')));
  }
  parts.stage.title('7. Replay: the last call, decided again by the policy that decided it');
  const replayed = await showCommand(parts, ['replay', 'last']);
  expect('the replay', replayed, /reproduced\n/);
}
