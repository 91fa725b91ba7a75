import type { Readable, Writable } from 'node:stream';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { Reception } from '../downstream/reception.ts';
import { openStdio } from '../downstream/stdio.ts';
import { packageVersion } from './version.ts';

export interface RunOptions {
  readonly configFile: string;
  readonly input?: Readable;
  readonly output?: Writable;
}

const exitMs = 2000;

/** The stdio gate: serves one client until it closes its end or the process is told to stop. */
export async function run(options: RunOptions): Promise<number> {
  const { input = process.stdin, output = process.stdout } = options;
  const config = loadConfig(options.configFile, { env: process.env, servers: 'expand' });
  const face = openStdio(input, output);
  const { outlet } = face;
  const version = packageVersion();
  const reception = new Reception({ outlet, version, instructions: () => instructions(config) });
  const over = Promise.race([face.run(reception), signalled()]);
  // Everything else takes longer to load than a client should wait for the answer to `initialize`.
  const { openGate } = await import('./open-gate.ts');
  const gate = openGate(config, version, outlet, reception);
  await over;
  await gate.close();
  face.close();
  // A client that stopped reading may hold an unfinished write, and with it the process, for ever.
  setTimeout(() => process.exit(), exitMs).unref();
  return 0;
}

function signalled(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      process.once(signal, () => resolve());
    }
  });
}

/** What the client's model is told. No command that approves stands here. */
function instructions({ mode }: Config): string {
  const lines = [
    'Every call of these tools is decided by policy and recorded before it runs.',
    'A call that waits for approval has not run: ask your user, and repeat the identical call once it is approved.',
    'When calls are refused because no policy could be loaded, or because the operator stopped them, tell your user to look at the status of mcp-gate.',
  ];
  if (mode === 'observe') lines.push('At the moment policy only observes: nothing is refused.');
  return lines.join(' ');
}
