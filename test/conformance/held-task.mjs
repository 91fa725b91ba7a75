/**
 * A call that waits for a person, made by the Inspector's CLI: it takes a task, asks for it until somebody with a credential has
 * said yes, and the tool has run once. What was said on both sides of the gate stands in two witnesses' files.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { finish, start } from './processes.mjs';
import { startGate } from './targets.mjs';
import { messagesIn, startWitness } from './witness.mjs';

const witnessFile = path.join(import.meta.dirname, 'witness.mjs');
const patienceMs = 60_000;

/** How it went over one transport: `isGood`, and what the Inspector printed. */
export async function heldTask({ gate, scratch, fixture, inspector, transport }) {
  const run = (env, ...words) =>
    finish(process.execPath, [gate, ...words], {
      cwd: scratch.dir,
      env: { ...scratch.env, ...env },
    });
  const [asked, heard] = ['asked', 'heard'].map((name) => {
    const file = path.join(scratch.dir, `held-${transport}-${name}.jsonl`);
    return { file, said: () => messagesIn(file) };
  });
  const command = process.execPath;
  const held = {
    held: {
      command,
      args: [witnessFile, heard.file, command, fixture],
      gate: { approval: 'require_human_approval' },
    },
  };
  const { config, server, close } = await reach({ gate, scratch, transport, asked }, held);
  const file = path.join(scratch.dir, `inspector-held-${transport}.json`);
  writeFileSync(file, JSON.stringify({ mcpServers: { gate: server } }));
  const words = ['--cli', '--config', file, '--server', 'gate', '--protocol-era', 'modern'];
  const call = [
    '--method',
    'tools/call',
    '--tool-name',
    'held__test_echo',
    '--tool-arg',
    'text=yes',
  ];
  const called = start(inspector.bin, [...words, ...call, '--format', 'json'], inspector.options);
  try {
    const polled = () => asked.said().filter(({ method }) => method === 'tasks/get').length;
    // While it asks for the task, not before.
    await until(() => polled() >= 2, called);
    const ranBefore = ran(heard);
    const approved = await approve(run, config);
    const code = await called.ended;
    const isGood =
      code === 0 &&
      called.stdout.includes('"text":"yes"') &&
      approved.code === 0 &&
      ranBefore === 0 &&
      ran(heard) === 1;
    const seen = { polls: polled(), ranBefore, ran: ran(heard), approved: approved.stderr };
    return {
      isGood,
      code,
      stdout: called.stdout,
      stderr: `${called.stderr}\n${JSON.stringify(seen)}`,
    };
  } finally {
    close();
  }
}

/** The gate as the Inspector reaches it, with a witness in between. */
async function reach({ gate, scratch, transport, asked }, servers) {
  if (transport === 'stdio') {
    const config = scratch.config(servers);
    const words = [witnessFile, asked.file, process.execPath, gate, 'run', '--config', config];
    return { config, server: { command: process.execPath, args: words }, close: () => {} };
  }
  const { config, url } = await startGate({ gate, scratch }, servers);
  const witness = await startWitness(asked.file, url);
  return { config, server: { type: 'streamable-http', url: witness.url }, close: witness.close };
}

/** Somebody proves who they are and says yes to what waits. */
async function approve(run, config) {
  const listed = await run({}, 'approvals', 'list', '--config', config, '--format', 'json');
  const [waiting] = JSON.parse(listed.stdout).filter(({ state }) => state === 'pending');
  const MCP_GATE_APPROVER = await credentialOf(run, config);
  return run({ MCP_GATE_APPROVER }, 'approve', String(waiting?.id), '--config', config);
}

/** Made once: all of this shares one state folder, where the next one would need it. */
let credential;
async function credentialOf(run, config) {
  if (credential !== undefined) return credential;
  const added = await run({}, 'approvers', 'add', 'proof', '--config', config, '--format', 'json');
  credential = `proof:${JSON.parse(added.stdout).secret}`;
  return credential;
}

function ran({ said }) {
  return said().filter(({ method }) => method === 'tools/call').length;
}

async function until(holds, { child }) {
  const deadline = Date.now() + patienceMs;
  while (!holds()) {
    if (child.exitCode !== null || Date.now() > deadline) return;
    await sleep(100);
  }
}
