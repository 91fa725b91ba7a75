import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { addApprover, type Credential } from '../approver.ts';
import { expect } from '../expect.ts';
import {
  type Line,
  lineText,
  type Parts,
  perform,
  showCommand,
  showFile,
  whenDecided,
} from '../perform.ts';

const report: Line = {
  tool: 'files__write_file',
  args: { path: '../outbox/report.txt', content: 'all is well' },
};

/** A write outside the workspace: held, joined by an identical call, released by a person. */
export async function askAndApprove(
  parts: Parts,
): Promise<{ readonly credential: Credential; readonly traceId: string }> {
  const { stage, agent, gate, scratch } = parts;
  const file = join(scratch.outbox, 'report.txt');
  stage.title('4. Held: writing outside the workspace needs a yes');
  const held = await perform(parts, report);
  const id = held.approvalId ?? '';
  expect(
    'the answer of a held call',
    held.text,
    /^PENDING APPROVAL ap_\w+\. The call was not executed/,
  );
  showFile(parts, file, false);

  stage.say('Somebody has to be able to answer. Only a hash of the credential is kept.');
  const credential = await addApprover(parts);
  stage.say('The agent repeats the identical call. It joins: there is one question, not two.');
  stage.line('agent', lineText(report));
  const repeated = agent.call(report.tool, report.args, held.traceId);
  // It may end while something else is awaited here.
  repeated.catch(() => {});
  await gate.until('the repeated call at the gate', async () => {
    const asked = await gate.decisions(held.traceId);
    return asked.length > 1 && asked.every((each) => each.approval_id === id);
  });
  const list = await showCommand(parts, ['approvals', 'list']);
  expect('the calls that wait', list.trim().split('\n').length, 1);

  stage.say(
    'A person says yes, in another process, with a credential that the agent does not have.',
  );
  showFile(parts, file, false);
  const reason = ['--reason', 'the report is due'];
  await showCommand(parts, ['approve', id, ...reason], { env: credential });
  const answer = await whenDecided(parts, report, await repeated, held.traceId);
  stage.line('got', answer.text);
  expect('"isError" of the approved call', answer.isError, false);
  showFile(parts, file, true);
  expect('report.txt', readFileSync(file, 'utf8'), 'all is well');
  return { credential, traceId: held.traceId };
}
