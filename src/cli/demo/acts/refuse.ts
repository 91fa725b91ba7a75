import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Credential } from '../approver.ts';
import { expect } from '../expect.ts';
import { type Line, lineText, type Parts, showCommand, showFile, whenDecided } from '../perform.ts';

/** The same kind of question, by a rule of the user's own, answered with no. */
export async function askAndDeny(parts: Parts, credential: Credential): Promise<Line> {
  const { stage, agent, gate, scratch } = parts;
  const path = join(scratch.workspace, 'deploy.sh');
  const script: Line = { tool: 'files__write_file', args: { path, content: 'rm -rf build' } };
  stage.title('5. Denied by a person: a rule of your own asks, the answer is no');
  stage.line('file', 'policies/rules/scripts.rego');
  stage.excerpt(readFileSync(scratch.ownRule, 'utf8').trimEnd().split('\n'));
  stage.line('agent', lineText(script));
  const asked = agent.call(script.tool, script.args);
  asked.catch(() => {});
  const id = await gate.pendingApproval();
  await showCommand(parts, ['deny', id, '--reason', 'not from an agent'], { env: credential });
  const answer = await whenDecided(parts, script, await asked);
  stage.line('got', answer.text);
  expect('the answer after a no', answer.text, /^Denied by an approver\. It did not run\./);
  showFile(parts, path, false);
  return script;
}
