import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { main, type Scratch } from './scratch.ts';

/** Runs a script with `mcp-gate` and `npx mcp-gate` being this build; stdout first, then stderr. */
export function runShell(
  house: Scratch,
  cwd: string,
  script: string,
): Promise<{ code: number | null; output: string }> {
  const bin = shims(house);
  const env = { ...house.env(), PATH: `${bin}${path.delimiter}${process.env['PATH']}` };
  return new Promise((resolve) => {
    const child = execFile(
      'bash',
      ['--norc', '-euc', script],
      { cwd, env, timeout: 60_000 },
      (error, out, err) =>
        resolve({ code: error === null ? 0 : child.exitCode, output: `${out}${err}` }),
    );
    child.stdin?.end();
  });
}

function shims(house: Scratch): string {
  const bin = path.join(house.dir, 'bin');
  mkdirSync(bin, { recursive: true });
  const gate = `exec "${process.execPath}" "${main}"`;
  writeShim(path.join(bin, 'mcp-gate'), `${gate} "$@"`);
  writeShim(
    path.join(bin, 'npx'),
    `while [ "$1" != mcp-gate ]; do shift; done; shift; ${gate} "$@"`,
  );
  return bin;
}

function writeShim(file: string, script: string): void {
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
}
