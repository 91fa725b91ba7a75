/** A person who says yes: opens the address that `mcp-gate login` prints, and follows where it leads. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Runs `mcp-gate login suite` to its end; resolves with how it ended and what it said. */
export function logIn(gate, config) {
  const words = [gate, 'login', 'suite', '--config', config];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  createInterface({ input: child.stdout }).on('line', (line) => void open(line));
  const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
  return new Promise((resolve) =>
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, said });
    }),
  );
}

async function open(url) {
  try {
    await fetch(url);
  } catch (error) {
    process.stderr.write(`the browser failed: ${error.message}\n`);
  }
}
