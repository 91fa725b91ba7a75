import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Where the demo's processes run, and what ends them all. */
export interface Surroundings {
  readonly cwd: string;
  readonly env: Record<string, string>;
  readonly signal: AbortSignal;
}

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const program = fileURLToPath(new URL('../../main.js', import.meta.url));

/** This very mcp-gate, whatever stands in PATH. */
export function commandLine(args: readonly string[]): [command: string, ...args: string[]] {
  return [process.execPath, program, ...args];
}

/** Runs one command of mcp-gate in a process of its own. */
export function runCommand(
  { cwd, env, signal }: Surroundings,
  args: readonly string[],
  extra: Readonly<Record<string, string>> = {},
): Promise<Finished> {
  const [command, ...rest] = commandLine(args);
  return new Promise((resolve, reject) => {
    const options = { cwd, env: { ...env, ...extra }, signal, timeout: 60_000, windowsHide: true };
    const child = execFile(command, rest, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : child.exitCode;
      if (code === null) reject(error);
      else resolve({ code, stdout, stderr });
    });
    child.stdin?.end();
  });
}

/** The user's environment without anything that would lead to a gate of theirs. */
export function ownEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const kept = Object.entries(env).flatMap(([name, value]) =>
    value === undefined || name.startsWith('MCP_GATE_') ? [] : [[name, value] as const],
  );
  return Object.fromEntries(kept);
}
