/**
 * One client scenario of authorization: logs in at the suite's server as a person would, then calls through a gate, and logs in
 * again when the server wants more.
 *
 *   auth-driver.mjs GATE SCRATCH ERA URL
 */
import { openAgent } from './agent.mjs';
import { logIn } from './browser.mjs';
import { writeConfig } from './driver-config.mjs';

/** A person does not say yes for ever. */
const mostLogins = 3;

const [gate, scratch, era, url] = process.argv.slice(2);
const scenario = process.env.MCP_CONFORMANCE_SCENARIO ?? '';
const { client_id: given, client_secret: clientSecret } = JSON.parse(
  process.env.MCP_CONFORMANCE_CONTEXT ?? '{}',
);
// Whoever has a document about its client on the web gives its address as the client's id.
const document = 'https://conformance-test.local/client-metadata.json';
const clientId = scenario === 'auth/basic-cimd' ? document : given;
// A secret goes elsewhere than to the tool server only where the person who has it says so.
const issuer = clientSecret === undefined ? undefined : await issuerOf(url);
const oauth = clientId === undefined ? {} : { oauth: { clientId, clientSecret, issuer } };
const config = writeConfig(scratch, era, url, oauth);

// A client that speaks for itself needs nobody.
let left = scenario.startsWith('auth/client-credentials') ? 0 : mostLogins;
for (;;) {
  if (left > 0) await logInOnce();
  left -= 1;
  try {
    await listAndCall();
    break;
  } catch (error) {
    if (left <= 0) throw error;
  }
}

/** Who it is that gave the secret: here it can only be looked up (RFC 9728 section 3.1). */
async function issuerOf(resource) {
  const { origin, pathname } = new URL(resource);
  const response = await fetch(`${origin}/.well-known/oauth-protected-resource${pathname}`);
  if (!response.ok) throw new Error(`no metadata of the resource: ${response.status}`);
  const { authorization_servers: issuers } = await response.json();
  return issuers[0];
}

async function logInOnce() {
  const { code, said } = await logIn(gate, config);
  if (code !== 0) throw new Error(`the login ended with ${code}: ${said}`);
}

async function listAndCall() {
  const agent = await openAgent(era, process.execPath, [gate, 'run', '--config', config]);
  try {
    const [first] = await agent.list('tools/list', 'tools');
    if (first === undefined) throw new Error('no tools through the gate');
    const result = await agent.call(first.name, {});
    if (result.isError === true) throw new Error(JSON.stringify(result.content));
  } finally {
    await agent.close();
  }
}
