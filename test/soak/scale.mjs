/**
 * Many clients at once against `mcp-gate serve`, with many tool servers behind it: `npm run scale`.
 *
 *   --sessions N    sessions that are open at the same time; 200 without it. Modern, legacy over HTTP, and HTTP+SSE
 *   --asking N      of these, legacy sessions whose clients can be asked: each has servers of its own; 6 without it
 *   --callers N     tokens that the sessions share; 4 without it
 *   --upstreams N   tool servers, over stdio; 10 without it
 *   --rate N        calls per second, of all sessions together; 100 without it
 *   --seconds N     how long, from when all sessions are open; 60 without it
 *   --calls N       calls of one session before it is closed and another opened; without it none is
 *   --gate FILE     the gate's entry point; dist/main.js without it
 *
 * Prints memory, descriptors, processes, latencies and errors, and looks whether every call that was answered stands in the
 * journal with a decision and an outcome. Exit 1 when one does not, when a call failed, or when something is left over.
 */
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { stop } from '../conformance/processes.mjs';
import { openScratch } from '../conformance/scratch.mjs';
import { say } from '../conformance/table.mjs';
import { startGate } from '../conformance/targets.mjs';
import { checkJournal } from './journal.mjs';
import { startLoad } from './load.mjs';
import { family, look } from './measure.mjs';
import { quantiles } from './quantiles.mjs';
import { openSession } from './sessions.mjs';

const root = path.join(import.meta.dirname, '..', '..');
const number = (value) => ({ type: 'string', default: String(value) });
const { values } = parseArgs({
  options: {
    sessions: number(200),
    asking: number(6),
    callers: number(4),
    upstreams: number(10),
    rate: number(100),
    seconds: number(60),
    calls: number(Number.POSITIVE_INFINITY),
    gate: { type: 'string', default: path.join(root, 'dist', 'main.js') },
  },
});
const [sessions, asking, callers] = [values.sessions, values.asking, values.callers].map(Number);
const [upstreams, rate, seconds] = [values.upstreams, values.rate, values.seconds].map(Number);
const gate = path.resolve(values.gate);
const mebibyte = 1024 * 1024;
const openMs = 120_000;
const goneMs = 30_000;
const kinds = ['modern', 'legacy', 'sse'];

/** Small heaps: what is measured is the gate. */
const server = {
  command: process.execPath,
  args: [
    ...['--max-semi-space-size=1', '--max-old-space-size=32', '--v8-pool-size=0'],
    path.join(root, 'test', 'fixtures', 'small-server.mjs'),
  ],
};
const tokens = Array.from({ length: callers }, () => randomBytes(24).toString('base64url'));
const names = Array.from({ length: upstreams }, (_, index) => `s${index}`);
/** The trace of every call that was answered. */
const traces = [];
const mix = [
  { share: 85, run: (session, tool) => traced(session, tool('echo')) },
  {
    share: 5,
    run: (session, tool) => traced(session, tool(session.isAsking ? 'confirm' : 'echo')),
  },
  { share: 10, run: (session) => session.request('tools/list', {}) },
];

const scratch = openScratch();
try {
  process.exitCode = (await scale()) ? 0 : 1;
} finally {
  await scratch.close();
}

async function scale() {
  const { url, started } = await startServing();
  const target = { url, pid: started.child.pid };
  await show('at rest', target);
  const startMs = performance.now();
  const load = startLoad({
    open: (index) => openNumbered(index, url),
    mix,
    rate,
    sessions,
    callsPerSession: Number(values.calls),
    prefixes: names.map((name) => `${name}__`),
  });
  const isOpen = await until(openMs, () => load.opened() >= sessions);
  const tookS = ((performance.now() - startMs) / 1000).toFixed(1);
  await show(`${load.opened()} sessions open after ${tookS} s`, target);
  load.take();
  await sleep((seconds * 1000) / 2);
  await show('in the middle', target);
  await sleep((seconds * 1000) / 2);
  const taken = load.take();
  await show('at the end', target);
  await load.stop();
  // Requests of the modern era have no session: their servers stay for some minutes, with a process that ends them.
  const isEmpty = await until(goneMs, () => left(target) <= callers * (upstreams + 1) + 1);
  await show('after all have gone', target);
  await stop(started);
  const stateDir = scratch.env.MCP_GATE_HOME;
  const journal = await checkJournal({ dist: path.dirname(gate), stateDir, traces });
  return verdict({ taken, journal, failures: load.failures, exit: await started.ended }, [
    [isOpen, 'not all sessions were open in time'],
    [isEmpty, 'servers of sessions that have gone are left'],
  ]);
}

/** The first ones can be asked at any time; the others share servers with those of their caller. */
async function openNumbered(index, url) {
  const isAsking = index < asking;
  const kind = isAsking ? 'legacy' : kinds[index % kinds.length];
  const token = tokens[index % callers];
  const session = await openSession(kind, url, { token, canBeAsked: isAsking, listens: true });
  const { tools } = await session.request('tools/list', {});
  if (tools.length !== upstreams * 2) throw new Error(`a first list of ${tools.length} tools`);
  return { ...session, isAsking };
}

async function traced(session, name) {
  const trace = randomBytes(16).toString('hex');
  const traceparent = `00-${trace}-${randomBytes(8).toString('hex')}-01`;
  const params = { name, arguments: { text: trace }, _meta: { traceparent } };
  const { content } = await session.request('tools/call', params);
  traces.push(trace);
  if (content[0]?.text !== trace && content[0]?.text !== 'accept')
    throw new Error(`"${name}" gave the answer of another call`);
}

function left({ pid }) {
  return family(pid).processes ?? 0;
}

async function until(ms, look) {
  const deadline = Date.now() + ms;
  while (!look() && Date.now() < deadline) await sleep(200);
  return look();
}

async function show(when, target) {
  const { rss, heap, descriptors } = await look(target);
  const { processes, bytes } = family(target.pid);
  const words = [
    `rss ${megabytes(rss)} MB`,
    ...(heap === undefined ? [] : [`heap ${megabytes(heap)} MB`]),
    ...(descriptors === undefined ? [] : [`${descriptors} descriptors`]),
    ...(processes === undefined ? [] : [`${processes} processes below it, ${megabytes(bytes)} MB`]),
  ];
  say(`${when}: ${words.join(' · ')}`);
}

function verdict({ taken, journal, failures, exit }, conditions) {
  const { p50, p99 } = quantiles(taken.latencies);
  const perSecond = (taken.calls / seconds).toFixed(1);
  say(
    `${taken.calls} calls, ${perSecond} a second · p50 ${p50.toFixed(1)} ms · p99 ${p99.toFixed(1)} ms · ${taken.errors} errors`,
  );
  const { decisions, outcomes, withoutDecision, withoutOutcome, open } = journal;
  say(
    `journal: ${decisions} decisions, ${outcomes} outcomes · of ${traces.length} answered calls ${withoutDecision} without a decision, ${withoutOutcome} without an outcome · ${open} decisions without an outcome`,
  );
  for (const [what, count] of failures) say(`failed ${count} times: ${what}`);
  const faults = [
    ...conditions,
    [failures.size === 0, 'calls failed'],
    [withoutDecision + withoutOutcome + open === 0, 'the journal is not whole'],
    [exit === 0, `the gate ended with ${exit}`],
  ].flatMap(([isGood, fault]) => (isGood ? [] : [fault]));
  for (const fault of faults) say(`not good: ${fault}`);
  say(faults.length === 0 ? 'scale: good' : 'scale: not good');
  return faults.length === 0;
}

function megabytes(bytes) {
  return (bytes / mebibyte).toFixed(1);
}

function startServing() {
  const named = Object.fromEntries(tokens.map((token, index) => [`caller-${index}`, token]));
  // Servers go soon after their clients, so that it can be seen whether they do.
  const limits = { poolIdle: '2s' };
  const servers = Object.fromEntries(names.map((name) => [name, server]));
  return startGate({ gate, scratch }, servers, { http: { sse: true, tokens: named, limits } });
}
