import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { type Message, messageOf } from '../harness/message.ts';
import { readLines, root, type Scratch, serverFile } from '../harness/scratch.ts';
import type { Stage } from './scenes.ts';

const fixture = path.join(root, 'test', 'fixtures', 'conformance-server.mjs');
const two = path.join(root, 'test', 'peers', 'sdk2-server.mjs');

/** Entries of `mcpServers`, and what each server says that it did. */
export interface StageServers {
  readonly entries: Readonly<Record<string, object>>;
  stage(server: string): Stage;
}

/** Servers of every kind: bare JSON-RPC in either era over either transport, and both lines of the SDK. */
export async function stageServers(house: Scratch): Promise<StageServers> {
  const record = (name: string): string => path.join(house.dir, `${name}.jsonl`);
  const node = (name: string, file: string, more: readonly string[], protocol: string): object => ({
    command: process.execPath,
    args: [file, ...more],
    gate: { protocol },
    name,
  });
  const url = await startHttp([fixture, '--http', '0', '--record', record('raw-http')]);
  const listed = [
    node('raw-legacy', fixture, ['--record', record('raw-legacy')], 'legacy'),
    node('raw-modern', fixture, ['--record', record('raw-modern')], 'modern'),
    { name: 'raw-http', type: 'http', url },
    node('two-legacy', two, [record('two-legacy')], 'legacy'),
    node('two-modern', two, [record('two-modern'), '--modern-only'], 'modern'),
    node('everything', serverFile('everything'), ['stdio'], 'legacy'),
  ].map(messageOf);
  return {
    entries: Object.fromEntries(listed.map(({ name, ...entry }) => [String(name), entry])),
    stage: (server) => ({ prefix: `${server}__`, recorded: () => readRecord(record(server)) }),
  };
}

/** Starts a script that prints the URL at which it listens; it ends with the test. */
export async function startHttp(args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => {
    child.kill();
  });
  for await (const url of createInterface({ input: child.stdout })) return url;
  throw new Error('it printed no URL');
}

export function readRecord(file: string): readonly Message[] {
  return readLines(file).map((line) => messageOf(JSON.parse(line)));
}
