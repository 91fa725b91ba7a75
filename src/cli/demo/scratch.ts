import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { shippedFolder } from '../../policy/source-files.ts';
import { everythingServer, filesServer, isFetched } from './servers.ts';

/** The folder that the demo lives in, laid out as a user would; `remove` leaves nothing of it. */
export interface Scratch {
  readonly dir: string;
  readonly configFile: string;
  /** Where the servers may write; the workspace lies beside it. */
  readonly outbox: string;
  readonly workspace: string;
  readonly ownRule: string;
  /** True when the servers come through npx. */
  readonly isFetched: boolean;
  remove(): void;
}

export type Mode = 'observe' | 'enforce';

const ownRule = `package gate.rules.scripts

escalate contains {"id": "scripts.ask", "reason": "somebody may run this script"} if {
	input.resource.properties.tool == "write_file"
	endswith(input.resource.properties.arguments.path, ".sh")
}
`;

export function makeScratch(): Scratch {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'mcp-gate-demo-')));
  const rules = join(dir, 'policies', 'rules');
  const scratch: Scratch = {
    dir,
    configFile: join(dir, 'mcp-config.json'),
    outbox: join(dir, 'outbox'),
    workspace: join(dir, 'workspace'),
    ownRule: join(rules, 'scripts.rego'),
    isFetched: isFetched(filesServer(dir)),
    // A server that is still on its way out may hold a file for a moment.
    remove: () => rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }),
  };
  for (const folder of [scratch.outbox, scratch.workspace]) mkdirSync(folder);
  cpSync(join(shippedFolder, 'rules'), rules, { recursive: true });
  writeFileSync(scratch.ownRule, ownRule);
  writeConfig(scratch, 'observe');
  return scratch;
}

/** Writes the config as a user would edit it: nothing but the mode ever changes. */
export function writeConfig({ dir, configFile }: Scratch, mode: Mode): void {
  const config = {
    mode,
    environment: 'demo',
    stateDir: './state',
    mcpServers: {
      files: { ...filesServer(dir), cwd: './workspace' },
      everything: everythingServer(dir),
    },
    policy: { dir: './policies' },
    workspace: './workspace',
    approvals: { hold: { default: '2s' } },
  };
  writeFileSync(configFile, `${JSON.stringify(config, undefined, 2)}\n`);
}
