/**
 * The client scenarios: the suite plays the server, and the gate is the client under test. `client-driver.mjs` starts a gate with
 * the suite's server behind it and plays an agent.
 */
import path from 'node:path';
import { finish } from './processes.mjs';
import { failed, passed, readResults } from './results.mjs';
import { say } from './table.mjs';

const driver = path.join(import.meta.dirname, 'client-driver.mjs');
const legacy = '2025-11-25';
const modern = '2026-07-28';

const scenarios = [
  { suite: 'suite-0.1', name: 'initialize' },
  { suite: 'suite-0.1', name: 'tools_call' },
  { suite: 'suite-0.1', name: 'elicitation-sep1034-client-defaults' },
  { suite: 'suite-0.1', name: 'sse-retry' },
  { suite: 'suite-0.2', name: 'initialize', version: legacy },
  { suite: 'suite-0.2', name: 'tools_call', version: legacy },
  { suite: 'suite-0.2', name: 'elicitation-sep1034-client-defaults', version: legacy },
  { suite: 'suite-0.2', name: 'sse-retry', version: legacy },
  { suite: 'suite-0.2', name: 'json-schema-2020-12-preservation', version: legacy },
  { suite: 'suite-0.2', name: 'tools_call', version: modern },
  { suite: 'suite-0.2', name: 'request-metadata', version: modern },
  { suite: 'suite-0.2', name: 'sep-2322-client-request-state', version: modern },
  { suite: 'suite-0.2', name: 'http-standard-headers', version: modern },
  { suite: 'suite-0.2', name: 'http-custom-headers', version: modern },
  { suite: 'suite-0.2', name: 'http-invalid-tool-headers', version: modern },
  { suite: 'suite-0.2', name: 'json-schema-ref-no-deref', version: modern },
  { suite: 'suite-0.2', name: 'json-schema-2020-12-preservation', version: modern },
];

/** The number of scenarios that fail. Each runs with an agent of either era. */
export async function runClientSide(options) {
  let bad = 0;
  for (const era of ['legacy', 'modern']) {
    for (const each of scenarios) {
      if (options.scenario !== undefined && options.scenario !== each.name) continue;
      if (!(await passes(options, each, era))) bad += 1;
    }
  }
  return bad;
}

async function passes(options, { suite, name, version }, era) {
  const label = `${name} ${version ?? '0.1.16'}, agent ${era}`;
  const folder = path.join(options.scratch.results, `client ${label}`.replaceAll(/[^\w.]+/g, '-'));
  const command = [process.execPath, driver, options.gate, options.scratch.dir, era].join(' ');
  const done = await finish(
    options.tools.node,
    [
      options.tools.suites[suite],
      ...['client', '--command', command, '--scenario', name, '-o', folder],
      ...(version === undefined ? [] : ['--spec-version', version]),
    ],
    { env: { ...options.scratch.env, MCP_CONFORMANCE_SPEC: version ?? legacy } },
  );
  const checks = [...readResults(folder).values()][0] ?? new Map();
  const isGood = done.code === 0 && failed(checks) === 0 && passed(checks) > 0;
  say(`${isGood ? '✓' : '✗'} ${label}: ${passed(checks)} passed, ${failed(checks)} not`);
  if (!isGood) explain(done, checks);
  return isGood;
}

function explain({ stderr, code }, checks) {
  for (const [id, { status, why }] of checks) {
    if (status === 'FAILURE' || status === 'WARNING')
      say(`    ${id}: ${status} (${(why ?? '').slice(0, 300)})`);
  }
  const words = stderr.split('\nStderr:\n')[1]?.trim().split('\n').slice(-6) ?? [];
  for (const line of [`exit ${code}`, ...words]) say(`    ${line.slice(0, 300)}`);
}
