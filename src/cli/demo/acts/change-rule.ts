import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect } from '../expect.ts';
import { type Line, type Parts, perform, showCommand, showJournal } from '../perform.ts';

/** The user's rule is edited in a copy, tried on the past, and put into force under the running gate. */
export async function changeRule(parts: Parts, script: Line): Promise<void> {
  const { stage, gate, scratch } = parts;
  stage.title('8. Drift: what an edited rule would have decided, before it is in force');
  const copy = join(scratch.dir, 'policies-next');
  cpSync(join(scratch.dir, 'policies'), copy, { recursive: true });
  const edited = join(copy, 'rules', basename(scratch.ownRule));
  const [before, after] = rewrite(edited);
  stage.line('edit', 'policies-next/rules/scripts.rego');
  stage.excerpt([`- ${before}`, `+ ${after}`]);
  const drift = ['replay', 'last', '--policy', 'policies-next'];
  const told = await showCommand(parts, drift, { exit: 1 });
  expect('the drift', told, /drift.*escalate by scripts\.ask.*deny by scripts\.never/s);

  stage.say(
    'You want that: the file goes into the policy folder, and the gate takes it up by itself.',
  );
  const old = (await gate.untilStatus('a policy', ({ policy }) => policy !== null)).policy?.digest;
  cpSync(edited, scratch.ownRule);
  stage.line('edit', 'policies/rules/scripts.rego');
  await gate.untilStatus('the edited rule in force', ({ policy }) => policy?.digest !== old);
  const denied = await perform(parts, script);
  expect('the answer by the new rule', denied.text, /^Denied by policy: agents write no scripts\./);
  await showJournal(parts, [denied.traceId], ['deny files/write_file by scripts.never']);
}

/** Turns the question into a no; gives the line as it was and as it is. */
function rewrite(file: string): readonly [before: string, after: string] {
  const text = readFileSync(file, 'utf8');
  const before = text.split('\n').find((line) => line.startsWith('escalate')) ?? '';
  const after = 'deny contains {"id": "scripts.never", "reason": "agents write no scripts"} if {';
  writeFileSync(file, text.replace(before, after));
  return [before, after];
}
