/** The config of a gate with the suite's server behind it, in a folder of its own. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * A gate that may choose begins with its client's era, which is not what a scenario of the other era waits for. `report`: one
 * scenario calls with a null where the tool's schema has a boolean, which the gate would refuse.
 */
function settings(era) {
  const spoken =
    process.env.MCP_CONFORMANCE_PROTOCOL_VERSION === '2026-07-28' ? 'modern' : 'legacy';
  return { prefix: false, schema: 'report', protocol: spoken === era ? 'auto' : spoken };
}

export function writeConfig(scratch, era, url, more = {}) {
  const folder = path.join(scratch, `client-${process.pid}`);
  mkdirSync(folder);
  const file = path.join(folder, 'mcp-config.json');
  const suite = { type: 'http', url, gate: settings(era), ...more };
  const config = {
    mode: 'enforce',
    stateDir: path.join(scratch, 'state'),
    mcpServers: { suite },
    policy: { dir: path.join(scratch, 'policies') },
    workspace: scratch,
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}
