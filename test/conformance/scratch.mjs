/** A folder for one run: configs, policies that allow everything, state, results. Gone afterwards, with everything that ran. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stopAll } from './processes.mjs';

const root = path.join(import.meta.dirname, '..', '..');

const allowAll = `package gate.rules.all

allow contains {"id": "all.allowed", "reason": "conformance runs allow everything", "accepts_truncated": true} if true
`;

export function openScratch(out) {
  const dir = mkdtempSync(path.join(tmpdir(), 'mcp-gate-proof-'));
  const policies = path.join(dir, 'policies');
  cpSync(path.join(root, 'policies'), policies, { recursive: true });
  rmSync(path.join(policies, 'rules'), { recursive: true });
  mkdirSync(path.join(policies, 'rules'));
  writeFileSync(path.join(policies, 'rules', 'all.rego'), allowAll);
  let next = 1;
  return {
    dir,
    results: out === undefined ? path.join(dir, 'results') : path.resolve(out),
    env: { ...process.env, HOME: dir, USERPROFILE: dir, MCP_GATE_HOME: path.join(dir, 'state') },
    /** Writes a config of its own and returns its path. */
    config: (servers, more = {}) => {
      const file = path.join(dir, `config-${process.pid}-${next++}.json`);
      const config = {
        mode: 'enforce',
        stateDir: path.join(dir, 'state'),
        mcpServers: servers,
        policy: { dir: policies },
        workspace: dir,
        ...more,
      };
      writeFileSync(file, JSON.stringify(config, undefined, 2));
      return file;
    },
    close: async () => {
      await stopAll();
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
