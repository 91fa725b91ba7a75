/** A call of a real agent that waits for a person, with a scripted model behind the agent: it runs once, after the yes. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { finish } from './processes.mjs';
import { openScratch } from './scratch.mjs';
import { startModel } from './scripted-model.mjs';
import { startGate } from './targets.mjs';
import { messagesIn, startWitness } from './witness.mjs';

const server = path.join(import.meta.dirname, '..', 'fixtures', 'small-server.mjs');
const witnessFile = path.join(import.meta.dirname, 'witness.mjs');

const askAlways = `package gate.rules.all

escalate contains {"id": "all.asked", "reason": "every call needs a yes", "accepts_truncated": true} if true
`;

/** How long one request waits here: shorter than a person takes, so that the call goes through several. */
const holdMs = 2_000;
const patienceMs = 60_000;

/** `launch(words, env)` starts the agent, which is to know the gate as `gate`. What it came to. */
export async function heldCall({ gate, transport, client }, launch) {
  const scratch = openScratch();
  const file = (name) => path.join(scratch.dir, name);
  writeFileSync(path.join(scratch.dir, 'policies', 'rules', 'all.rego'), askAlways);
  const servers = { up: { command: process.execPath, args: [server, file('ran')] } };
  const approvals = { hold: { [client]: `${holdMs}ms` } };
  const model = await startModel('mcp__gate__up__echo', { text: 'héllo' });
  const ends = [model.close];
  try {
    const reached = await reach[transport]({ gate, scratch, heard: file('heard') }, servers, {
      approvals,
    });
    ends.push(reached.close);
    const cli = (words, env) =>
      finish(process.execPath, [gate, ...words, '--config', reached.config], {
        env: { ...scratch.env, ...env },
      });
    const added = await cli(['approvers', 'add', 'alice', '--format', 'json']);
    const MCP_GATE_APPROVER = `alice:${JSON.parse(added.stdout).secret}`;
    writeFileSync(file('mcp.json'), JSON.stringify({ mcpServers: { gate: reached.entry } }));
    const { MCP_GATE_HOME } = scratch.env;
    const env = { ANTHROPIC_BASE_URL: model.url, MCP_GATE_HOME };
    const agent = launch(['--mcp-config', file('mcp.json')], env);
    const id = await pendingId(cli);
    await sleep(2 * holdMs);
    const early = linesIn(file('ran'));
    const approved = await cli(['approve', id ?? '-'], { MCP_GATE_APPROVER });
    const code = await agent.ended;
    const requests = messagesIn(file('heard')).filter(({ method }) => method === 'tools/call');
    const states = requests.filter(({ params }) => params.requestState !== undefined);
    return {
      ...{ code, early, approved: approved.code, ran: linesIn(file('ran')) },
      ...{ requests: requests.length, rounds: states.length, results: model.results },
      stdout: agent.stdout,
      stderr: `${agent.stderr}\n${approved.stderr}`,
    };
  } finally {
    for (const end of ends) end();
    await scratch.close();
  }
}

const reach = {
  stdio: ({ gate, scratch, heard }, servers, more) => {
    const config = scratch.config(servers, more);
    const args = [witnessFile, heard, process.execPath, gate, 'run', '--config', config];
    const entry = { type: 'stdio', command: process.execPath, args };
    return { config, entry, close: () => {} };
  },
  http: async ({ gate, scratch, heard }, servers, more) => {
    const { config, url } = await startGate({ gate, scratch }, servers, { config: more });
    const witness = await startWitness(heard, url);
    return { config, entry: { type: 'http', url: witness.url }, close: witness.close };
  },
};

async function pendingId(cli) {
  const deadline = Date.now() + patienceMs;
  while (Date.now() < deadline) {
    const { stdout } = await cli(['approvals', 'list', '--format', 'json']);
    const [first] = JSON.parse(stdout || '[]');
    if (first !== undefined) return first.id;
    await sleep(200);
  }
  return undefined;
}

function linesIn(file) {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0;
}
