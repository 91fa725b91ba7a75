/**
 * The client scenarios: the suite plays the server, and the gate is the client under test. `client-driver.mjs` starts a gate with
 * the suite's server behind it and plays an agent.
 */
import path from 'node:path';
import { missing } from './excused.mjs';
import { finish } from './processes.mjs';
import { failed, passed, readResults } from './results.mjs';
import { say } from './table.mjs';

const driver = path.join(import.meta.dirname, 'client-driver.mjs');
const authDriver = path.join(import.meta.dirname, 'auth-driver.mjs');
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

const unversioned = { 'suite-0.1': '0.1.16', 'suite-0.2': 'extension' };

const both = [
  ...['metadata-default', 'metadata-var1', 'metadata-var2', 'metadata-var3', 'basic-cimd'],
  ...['scope-from-www-authenticate', 'scope-from-scopes-supported', 'scope-omitted-when-undefined'],
  ...['scope-step-up', 'scope-retry-limit', 'pre-registration'],
  ...['token-endpoint-auth-basic', 'token-endpoint-auth-post', 'token-endpoint-auth-none'],
];
const authorizations = [
  ...both.map((name) => ({ name, version: legacy })),
  ...both.map((name) => ({ name, version: modern })),
  ...['2025-03-26-oauth-metadata-backcompat', '2025-03-26-oauth-endpoint-fallback'].map((name) => ({
    name,
    version: '2025-03-26',
  })),
  ...[
    ...['resource-mismatch', 'offline-access-scope', 'offline-access-not-supported'],
    ...['authorization-server-migration', 'metadata-issuer-mismatch', 'iss-supported'],
    ...['iss-not-advertised', 'iss-supported-missing', 'iss-wrong-issuer', 'iss-unexpected'],
    'iss-normalized',
  ].map((name) => ({ name, version: modern })),
  // Of the extensions, all that the suite has.
  ...[
    ...['client-credentials-jwt', 'client-credentials-basic', 'enterprise-managed-authorization'],
    ...['dpop', 'dpop-nonce', 'wif-jwt-bearer'],
  ].map((name) => ({ name, version: undefined })),
].map(({ name, version }) => ({ suite: 'suite-0.2', name: `auth/${name}`, version }));

/** The number of scenarios that fail. Each runs with an agent of either era. */
export function runClientSide(options) {
  return count(
    options,
    ['legacy', 'modern'].flatMap((era) => scenarios.map((each) => ({ ...each, era, driver }))),
  );
}

/** The same for authorization, each with an agent of its server's era: what the agent speaks plays no part in it. */
export function runAuthorizations(options) {
  const eraOf = ({ version }) => (version === modern ? 'modern' : 'legacy');
  return count(
    options,
    authorizations.map((each) => ({ ...each, era: eraOf(each), driver: authDriver })),
  );
}

async function count(options, runs) {
  let bad = 0;
  for (const each of runs) {
    if (options.scenario !== undefined && options.scenario !== each.name) continue;
    const why = missing(each.name);
    if (why !== undefined) say(`~ ${each.name}: ${why}`);
    else if (!(await passes(options, each))) bad += 1;
  }
  return bad;
}

async function passes(options, { suite, name, version, era, driver }) {
  const label = `${name} ${version ?? unversioned[suite]}, agent ${era}`;
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
