import type { Readable, Writable } from 'node:stream';
import { isOfferedTasks } from '../approval/carriers/task-answer.ts';
import { loadConfig } from '../config/load.ts';
import { Reception } from '../downstream/reception.ts';
import { openStdio } from '../downstream/stdio.ts';
import { osIdentity } from '../facts/identity.ts';
import { instructions } from './instructions.ts';
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
  const tasksFor = (name: string) => isOfferedTasks(name, config.approvals.tasks);
  const self = { version, instructions: () => instructions(config), tasksFor };
  const reception = new Reception({ outlet, ...self });
  const over = Promise.race([face.run(reception), signalled()]);
  // Everything else takes longer to load than a client should wait for the answer to `initialize`.
  const { openGate } = await import('./open-gate.ts');
  // The only client keeps its servers for as long as it is there.
  const gate = openGate(config, version, Number.POSITIVE_INFINITY);
  reception.ready(gate.host, osIdentity());
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
