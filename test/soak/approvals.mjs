/**
 * What approvals cost that nobody has decided: `npm run approvals`.
 *
 *   --pending N   approvals that are pending in one state folder; 1000 without it
 *   --holds N     calls that one gate holds; 100 without it
 *   --seconds N   how long the gate is watched while nothing happens; 10 without it
 *   --gate FILE   the gate's entry point; dist/main.js without it
 *
 * Prints how long it takes to list them (as the command does, without its start), to decide each, and to join each with an
 * identical call; and how much of one core a gate takes with its holds and without. Commits are durable as by default.
 */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { stop } from '../conformance/processes.mjs';
import { openScratch } from '../conformance/scratch.mjs';
import { say } from '../conformance/table.mjs';
import { startGate } from '../conformance/targets.mjs';
import { processorMs } from './measure.mjs';
import { measurePending } from './pending.mjs';
import { openSession } from './sessions.mjs';

const root = path.join(import.meta.dirname, '..', '..');
const { values } = parseArgs({
  options: {
    pending: { type: 'string', default: '1000' },
    holds: { type: 'string', default: '100' },
    seconds: { type: 'string', default: '10' },
    gate: { type: 'string', default: path.join(root, 'dist', 'main.js') },
  },
});
const [pending, holds, seconds] = [values.pending, values.holds, values.seconds].map(Number);
const execute = promisify(execFile);
/** What a gate still does after its start, and after a burst, is not idling. */
const settleMs = 5000;
const scratch = openScratch();
try {
  await measurePending(path.join(scratch.dir, 'desk'), pending);
  await measureHolds();
} finally {
  await scratch.close();
}

async function measureHolds() {
  const server = {
    command: process.execPath,
    args: [path.join(root, 'test', 'fixtures', 'small-server.mjs')],
  };
  const approvals = {
    mode: 'require_human_approval',
    expiresIn: '1h',
    hold: { default: '1h' },
  };
  const gate = path.resolve(values.gate);
  const running = await startGate({ gate, scratch }, { small: server }, { config: { approvals } });
  const { pid } = running.started.child;
  const session = await openSession('legacy', running.url, { canBeAsked: false });
  const { tools } = await session.request('tools/list', {});
  const { name } = tools[0];
  const without = await share(pid, '0 holds');
  const over = new AbortController();
  const calls = Array.from({ length: holds }, (_, at) =>
    session.request('tools/call', { name, arguments: { text: String(at) } }, over.signal),
  );
  const settled = Promise.allSettled(calls);
  await untilHeld(gate, running.config);
  const more = (await share(pid, `${holds} holds`)) - without;
  say(`what ${holds} holds add: ${more.toFixed(2)} % of a core`);
  over.abort();
  await settled;
  await session.close();
  await stop(running.started);
}

async function untilHeld(gate, config) {
  const args = [gate, 'approvals', 'list', '--format', 'json', '--config', config];
  const options = { env: scratch.env, maxBuffer: 1 << 26 };
  for (let tries = 0; tries < 20; tries += 1) {
    await sleep(500);
    const { stdout } = await execute(process.execPath, args, options);
    if (JSON.parse(stdout).length === holds) return;
  }
  throw new Error(`not all of ${holds} calls are held`);
}

async function share(pid, what) {
  await sleep(settleMs);
  const before = processorMs(pid);
  await sleep(seconds * 1000);
  const percent = (processorMs(pid) - before) / seconds / 10;
  say(`idle gate, ${what}: ${percent.toFixed(2)} % of a core over ${seconds} s`);
  return percent;
}
