/**
 * A steady load against `mcp-gate serve`, for as long as you like: `npm run soak -- --minutes 30 --rate 50`.
 *
 *   --minutes N     how long; 10 without it
 *   --rate N        calls per second, of all sessions together; 50 without it
 *   --sessions N    sessions at a time; 8 without it. Kinds: modern and legacy over HTTP, and HTTP+SSE
 *   --calls N       calls of one session before it is closed and another opened; 200 without it
 *   --sse           with sessions over HTTP+SSE
 *   --url URL       something that is running already, instead of a gate of our own; --pid its process. Its tools have
 *                   no prefix
 *   --gate FILE     the gate's entry point; dist/main.js without it
 *
 * Prints one line a minute, and at the end those of the start, the middle and the end once more. Exit 1 when a call failed, or when memory after the load is more than 20 % above what it was after
 * the first two minutes (a fifth of a short run).
 */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openScratch } from '../conformance/scratch.mjs';
import { say } from '../conformance/table.mjs';
import { startFixture, startGate } from '../conformance/targets.mjs';
import { conformanceMix, startLoad } from './load.mjs';
import { look, rested } from './measure.mjs';
import { quantiles } from './quantiles.mjs';
import { openSession } from './sessions.mjs';

const root = path.join(import.meta.dirname, '..', '..');
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    rate: { type: 'string', default: '50' },
    sessions: { type: 'string', default: '8' },
    calls: { type: 'string', default: '200' },
    sse: { type: 'boolean', default: false },
    url: { type: 'string' },
    pid: { type: 'string' },
    gate: { type: 'string', default: path.join(root, 'dist', 'main.js') },
  },
});
const minutes = Number(values.minutes);
const warmUpMinutes = Math.min(2, minutes / 5);
const mebibyte = 1024 * 1024;

const scratch = openScratch();
try {
  process.exitCode = (await soak()) ? 0 : 1;
} finally {
  await scratch.close();
}

async function soak() {
  const target =
    values.url === undefined ? await startOwn() : { url: values.url, pid: Number(values.pid) };
  const kinds = values.sse ? ['modern', 'legacy', 'sse'] : ['modern', 'legacy'];
  const load = startLoad({
    open: (index) => openSession(kinds[index % kinds.length], target.url),
    mix: conformanceMix,
    rate: Number(values.rate),
    sessions: Number(values.sessions),
    callsPerSession: Number(values.calls),
    prefixes: values.url === undefined ? ['near__', 'far__'] : [''],
  });
  await watch(load, target, warmUpMinutes);
  await load.pause();
  const before = await rested(target.pid);
  say(`after ${warmUpMinutes} minutes, at rest: ${megabytes(before)} MB`);
  load.resume();
  const lines = await watch(load, target, minutes - warmUpMinutes);
  await load.stop();
  for (const [when, at] of [
    ['start', 0],
    ['middle', Math.floor(lines.length / 2)],
    ['end', lines.length - 1],
  ])
    say(`${when}: ${lines[at]}`);
  return verdict(load, before, await rested(target.pid));
}

async function startOwn() {
  const fixture = await startFixture();
  const entry = {
    command: process.execPath,
    args: [path.join(root, 'test/fixtures/conformance-server.mjs')],
  };
  const gate = await startGate(
    { gate: path.resolve(values.gate), scratch },
    { near: entry, far: { type: 'http', url: fixture.url } },
    { http: { sse: values.sse } },
  );
  return { url: gate.url, pid: gate.started.child.pid };
}

/** A line for each minute that passes, and one for the rest: said, and returned. */
async function watch(load, target, forMinutes) {
  const lines = [];
  const end = Date.now() + forMinutes * 60_000;
  while (Date.now() < end) {
    await sleep(Math.min(60_000, end - Date.now()));
    const { calls, errors, latencies } = load.take();
    const { p50, p99 } = quantiles(latencies);
    const { rss, heap, descriptors } = await look(target);
    const words = [
      `${calls} calls`,
      `${errors} errors`,
      `p50 ${p50.toFixed(1)} ms`,
      `p99 ${p99.toFixed(1)} ms`,
      `rss ${megabytes(rss)} MB`,
      ...(heap === undefined ? [] : [`heap ${megabytes(heap)} MB`]),
      ...(descriptors === undefined ? [] : [`${descriptors} descriptors`]),
    ];
    lines.push(`${new Date().toISOString().slice(11, 19)} ${words.join(' · ')}`);
    say(lines.at(-1));
  }
  return lines;
}

function verdict(load, before, after) {
  const growth = after / before - 1;
  const failures = [...load.failures];
  for (const [what, count] of failures) say(`failed ${count} times: ${what}`);
  say(
    `memory at rest: ${megabytes(before)} MB → ${megabytes(after)} MB (${(growth * 100).toFixed(1)} %)`,
  );
  const isGood = failures.length === 0 && growth <= 0.2;
  say(isGood ? 'soak: good' : 'soak: not good');
  return isGood;
}

function megabytes(bytes) {
  return (bytes / mebibyte).toFixed(1);
}
