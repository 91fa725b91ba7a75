/**
 * Real clients through the gate: the MCP Inspector in both eras, and Claude Code, which has to stay on 2026-07-28; a call of each
 * waits for a person. Not a part of any other command, because it downloads some 650 MB from the npm registry:
 * `node test/conformance/clients.mjs`.
 *
 *   --gate FILE      the gate's entry point; dist/main.js without it
 *   --cache FOLDER   where the clients are installed; a folder of the system's temporary one without it
 *   --direct         the fixture itself instead of the gate
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { heldCall } from './held-call.mjs';
import { heldTask } from './held-task.mjs';
import { install } from './install.mjs';
import { finish, start } from './processes.mjs';
import { openScratch } from './scratch.mjs';
import { say } from './table.mjs';
import { startFixture, startGate } from './targets.mjs';
import { eraIn, startWitness } from './witness.mjs';

const root = path.join(import.meta.dirname, '..', '..');
const fixtureFile = path.join(root, 'test', 'fixtures', 'conformance-server.mjs');
const packages = {
  '@modelcontextprotocol/inspector': '2.12.0',
  '@anthropic-ai/claude-code': '2.1.329',
  node: '22.23.3',
};

const quiet = {
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  DISABLE_AUTOUPDATER: '1',
  CLAUDE_CODE_MCP_STARTUP_WAIT_MS: '20000',
  ENABLE_TOOL_SEARCH: 'false',
};

const { values } = parseArgs({
  options: {
    gate: { type: 'string', default: path.join(root, 'dist', 'main.js') },
    cache: { type: 'string', default: path.join(tmpdir(), 'mcp-gate-clients') },
    direct: { type: 'boolean', default: false },
  },
});

const scratch = openScratch();
let bad = 0;
try {
  await install(values.cache, packages);
  const ways = values.direct ? await directWays() : await gateWays();
  for (const way of ways) {
    for (const era of ['legacy', 'modern']) await inspect(way, era);
    await claude(way);
  }
  // Last: this ends everything that runs when it is over.
  if (!values.direct) {
    for (const { name } of ways) await inspectorHeld(name);
    for (const { name } of ways) await claudeHeld(name);
  }
  process.exitCode = bad === 0 ? 0 : 1;
} finally {
  await scratch.close();
}

/** How to reach what is tested: a command, or a URL. */
async function gateWays() {
  const fixture = await startFixture();
  const servers = {
    near: { command: process.execPath, args: [fixtureFile] },
    far: { type: 'http', url: fixture.url },
  };
  const gate = path.resolve(values.gate);
  const served = await startGate({ gate, scratch }, servers);
  const command = [process.execPath, gate, 'run', '--config', scratch.config(servers)];
  return [
    { name: 'stdio', command, tools: ['near__test_echo', 'far__test_echo'] },
    { name: 'http', url: served.url, tools: ['near__test_echo', 'far__test_echo'] },
  ];
}

async function directWays() {
  const { url } = await startFixture();
  return [
    { name: 'stdio', command: [process.execPath, fixtureFile], tools: ['test_echo'] },
    { name: 'http', url, tools: ['test_echo'] },
  ];
}

async function inspect(way, era) {
  const [command, ...args] = way.command ?? [];
  const server =
    command === undefined ? { type: 'streamable-http', url: way.url } : { command, args };
  const file = path.join(scratch.dir, `inspector-${way.name}.json`);
  writeFileSync(file, JSON.stringify({ mcpServers: { gate: server } }));
  const bin = path.join(values.cache, 'node_modules', '.bin', 'mcp-inspector');
  const run = (...words) =>
    finish(
      bin,
      [
        '--cli',
        '--config',
        file,
        '--server',
        'gate',
        '--protocol-era',
        era,
        ...words,
        '--format',
        'json',
      ],
      environment(),
    );
  const listed = await run('--method', 'tools/list');
  const missing = way.tools.filter((tool) => !listed.stdout.includes(`"${tool}"`));
  report(
    `inspector ${era} ${way.name}: tools/list`,
    listed.code === 0 && missing.length === 0,
    listed,
  );
  for (const tool of way.tools) {
    const called = await run(
      '--method',
      'tools/call',
      '--tool-name',
      tool,
      '--tool-arg',
      'text=héllo',
    );
    const isGood = called.code === 0 && called.stdout.includes('"text":"héllo"');
    report(`inspector ${era} ${way.name}: tools/call ${tool}`, isGood, called);
  }
}

/** A call that needs a yes, which comes while the Inspector asks for its task. */
async function inspectorHeld(transport) {
  const bin = path.join(values.cache, 'node_modules', '.bin', 'mcp-inspector');
  const inspector = { bin, options: environment() };
  const gate = path.resolve(values.gate);
  const called = await heldTask({ gate, scratch, fixture: fixtureFile, inspector, transport });
  report(`inspector modern ${transport}: a held call through a task`, called.isGood, called);
}

/** `claude mcp list` connects, discovers and lists; what it said stands in the witness's file. */
async function claude(way) {
  const home = path.join(scratch.dir, `claude-${way.name}`);
  mkdirSync(home);
  const heard = path.join(home, 'heard.jsonl');
  const witness = way.url === undefined ? undefined : await startWitness(heard, way.url);
  const words = [path.join(import.meta.dirname, 'witness.mjs'), heard, ...(way.command ?? [])];
  const server =
    witness === undefined
      ? { type: 'stdio', command: process.execPath, args: words }
      : { type: 'http', url: witness.url };
  writeFileSync(path.join(home, '.claude.json'), JSON.stringify({ mcpServers: { gate: server } }));
  const bin = path.join(values.cache, 'node_modules', '.bin', 'claude');
  const listed = await finish(bin, ['mcp', 'list'], environment(home, quiet));
  witness?.close();
  const era = eraIn(heard);
  const isGood = listed.code === 0 && /✔|✓/.test(listed.stdout) && era === 'modern';
  report(`claude mcp list ${way.name}: connected, era ${era}`, isGood, listed);
}

/** Claude Code has a call that a person approves later: it sends it again and again, and it runs once. */
async function claudeHeld(transport) {
  const home = path.join(scratch.dir, `claude-held-${transport}`);
  mkdirSync(home);
  const bin = path.join(values.cache, 'node_modules', '.bin', 'claude');
  const words = ['-p', 'go', '--strict-mcp-config', '--allowedTools', 'mcp__gate__up__echo'];
  const launch = (more, env) =>
    start(
      bin,
      [...words, ...more],
      environment(home, { ...quiet, ANTHROPIC_API_KEY: 'none', ...env }),
    );
  const gate = path.resolve(values.gate);
  const held = await heldCall({ gate, transport, client: 'claude-code' }, launch);
  const { code, early, approved, ran, requests, rounds, results } = held;
  const [result] = results;
  const isGood =
    code === 0 &&
    early === 0 &&
    approved === 0 &&
    ran === 1 &&
    rounds > 0 &&
    result?.is_error !== true &&
    JSON.stringify(result?.content ?? '').includes('héllo');
  report(
    `claude held call ${transport}: ran ${ran} times, ${requests} requests, ${rounds} with a state`,
    isGood,
    held,
  );
}

function environment(home = scratch.dir, more = {}) {
  const bin = path.join(values.cache, 'node_modules', 'node', 'bin');
  const { PATH } = process.env;
  return {
    cwd: home,
    env: {
      PATH: `${bin}${path.delimiter}${PATH}`,
      HOME: home,
      MCP_GATE_HOME: path.join(home, 'state'),
      ...more,
    },
  };
}

function report(what, isGood, { code, stdout, stderr }) {
  say(`${isGood ? '✓' : '✗'} ${what}`);
  if (isGood) return;
  bad += 1;
  for (const line of [`exit ${code}`, ...`${stdout}\n${stderr}`.trim().split('\n').slice(-8)]) {
    say(`    ${line.slice(0, 300)}`);
  }
}
