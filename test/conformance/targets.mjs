/** What the suite is pointed at: the fixture itself, and the gate with the fixture behind it in every way it can stand there. */
import path from 'node:path';
import { firstLine, freePort, listening, start } from './processes.mjs';

const fixture = path.join(import.meta.dirname, '..', 'fixtures', 'conformance-server.mjs');
const overStdio = { command: process.execPath, args: [fixture] };
const overHttp = (url) => ({ type: 'http', url });

/** The entries of `mcpServers`, from the URL at which the fixture listens. */
export const gateTargets = {
  'http, any era': (url) => ({ ...overHttp(url), gate: { prefix: false } }),
  'http, legacy': (url) => ({ ...overHttp(url), gate: { prefix: false, protocol: 'legacy' } }),
  'http, modern': (url) => ({ ...overHttp(url), gate: { prefix: false, protocol: 'modern' } }),
  'stdio, any era': () => ({ ...overStdio, gate: { prefix: false } }),
  'stdio, legacy': () => ({ ...overStdio, gate: { prefix: false, protocol: 'legacy' } }),
  'stdio, modern': () => ({ ...overStdio, gate: { prefix: false, protocol: 'modern' } }),
};

/** Starts the fixture over HTTP and returns where it listens. */
export async function startFixture(...more) {
  const started = start(process.execPath, [fixture, '--http', '0', ...more]);
  return { started, url: await firstLine(started) };
}

/** Starts `mcp-gate serve` over these servers and returns where it listens. */
export async function startGate({ gate, scratch }, servers, more = {}) {
  const port = await freePort();
  const transport = { http: { host: '127.0.0.1', port, ...more.http } };
  const config = scratch.config(servers, { ...more.config, transport });
  const started = start(process.execPath, [gate, 'serve', '--config', config], {
    cwd: scratch.dir,
    env: scratch.env,
  });
  await listening(port, started);
  return { started, config, url: `http://127.0.0.1:${port}/mcp` };
}
