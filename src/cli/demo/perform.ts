import { existsSync } from 'node:fs';
import { newTraceId } from '../../core/ids.ts';
import type { Agent, Answer } from './agent.ts';
import { expect } from './expect.ts';
import type { GateView } from './gate-view.ts';
import type { Scratch } from './scratch.ts';
import type { Stage } from './stage.ts';

/** Everything that an act of the demo works with. */
export interface Parts {
  readonly stage: Stage;
  readonly agent: Agent;
  readonly gate: GateView;
  readonly scratch: Scratch;
}

/** One tool call of the demo. */
export interface Line {
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** The agent calls; the call and what the agent got are shown. Resolves with both the answer and its trace. */
export async function perform(
  { stage, agent }: Parts,
  line: Line,
): Promise<Answer & { readonly traceId: string }> {
  const traceId = newTraceId();
  stage.line('agent', lineText(line));
  const answer = await agent.call(line.tool, line.args, traceId);
  stage.line('got', answer.text);
  return { ...answer, traceId };
}

export function lineText({ tool, args }: Line): string {
  return `${tool} ${JSON.stringify(args)}`;
}

/** Shows what the journal holds of some traces, and checks it: `deny everything/echo by secrets.open-world`. */
export async function showJournal(
  { stage, gate }: Parts,
  traceIds: readonly string[],
  expected: readonly string[],
): Promise<void> {
  const lines = (await gate.decisions(...traceIds)).map(
    ({ outcome, enforced, server, tool, rules }) =>
      `${outcome}${enforced ? '' : ' (observed)'} ${server}/${tool} by ${rules.map(({ id }) => id).join(', ')}`,
  );
  for (const line of lines) stage.line('journal', line);
  expect('the journal', lines.join('; '), expected.join('; '));
}

/** On a slow machine the hold ends before the person answers; an agent then repeats the call, and so does this. */
export async function whenDecided(
  { agent }: Parts,
  { tool, args }: Line,
  first: Answer,
  traceId?: string,
): Promise<Answer> {
  let answer = first;
  while (answer.text.startsWith('PENDING')) answer = await agent.call(tool, args, traceId);
  return answer;
}

export function showFile({ stage }: Parts, file: string, expected: boolean): void {
  const found = existsSync(file);
  stage.line('disk', `${file} ${found ? 'is there' : 'is not there'}`);
  expect(`${file} exists`, found, expected);
}

/** Runs a command of mcp-gate, shows it with what it printed, and checks its exit code. */
export async function showCommand(
  { stage, gate }: Parts,
  args: readonly string[],
  { exit = 0, env = {} }: { readonly exit?: number; readonly env?: Record<string, string> } = {},
): Promise<string> {
  const { code, stdout, stderr } = await gate.run(args, env);
  stage.command(commandText(args, env), `${stdout}${stderr}`);
  expect(`the exit code of "mcp-gate ${args.join(' ')}"`, code, exit);
  return stdout;
}

// The secret in a credential is shown to nobody.
function commandText(args: readonly string[], env: Readonly<Record<string, string>>): string {
  const before = Object.entries(env).map(([name, value]) => `${name}=${value.split(':')[0]}:… `);
  const words = args.map((word) => (/[^\w./-]/.test(word) ? JSON.stringify(word) : word));
  return `${before.join('')}mcp-gate ${words.join(' ')}`;
}
