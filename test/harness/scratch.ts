import { execFile } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { type Entry, readJournal } from './journal.ts';
import { LineClient } from './line-client.ts';
import { listAt, type Message, messageOf, textAt } from './message.ts';
import { keepPolicyCache, seedPolicyCache } from './policy-cache.ts';
import { processesNaming } from './processes.ts';
import { until } from './until.ts';

export const root = path.join(import.meta.dirname, '..', '..');
export const main = path.join(root, 'dist', 'main.js');

export interface ScratchOptions {
  readonly mode?: 'observe' | 'enforce';
  readonly servers?: Readonly<Record<string, object>>;
  /** Rule files by name; the shipped rules when undefined. The shipped fold and libraries are always there. */
  readonly rules?: Readonly<Record<string, string>>;
  /** Further members of the config. */
  readonly config?: object;
}

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A rule file that allows whatever is asked. */
export const allowAll = {
  'all.rego': `package gate.rules.all

allow contains {"id": "all.allowed", "reason": "this test allows everything"} if true
`,
};

/** A house for one test: config, policies, state and workspace in a folder of their own; gone when the test is. */
export async function scratch(options: ScratchOptions = {}): Promise<Scratch> {
  const made = new Scratch(options);
  onTestFinished(() => made.dispose());
  return made;
}

export class Scratch {
  readonly dir = realpathSync(mkdtempSync(path.join(tmpdir(), 'mcp-gate-e2e-')));
  readonly house = path.join(this.dir, 'house');
  readonly configFile = path.join(this.house, 'mcp-config.json');
  readonly policies = path.join(this.house, 'policies');
  readonly state = path.join(this.house, 'state');
  /** What the tool servers may touch; the workspace is a part of it. */
  readonly area = path.join(this.dir, 'area');
  readonly workspace = path.join(this.area, 'ws');
  /** Where `raw-everything.mjs` writes what it did. */
  readonly record = path.join(this.dir, 'record.jsonl');
  #clients: LineClient[] = [];
  #config: object;

  constructor(options: ScratchOptions) {
    for (const folder of [this.house, this.workspace]) mkdirSync(folder, { recursive: true });
    cpSync(path.join(root, 'policies'), this.policies, { recursive: true });
    if (options.rules !== undefined) this.#replaceRules(options.rules);
    seedPolicyCache(this.state);
    this.#config = {
      mode: options.mode ?? 'enforce',
      environment: 'test',
      stateDir: './state',
      mcpServers: options.servers ?? { raw: this.raw() },
      policy: { dir: './policies' },
      workspace: this.workspace,
      ...options.config,
    };
    this.configure({});
  }

  /** The entry of the raw server. */
  raw(gate: object = {}): object {
    const fixture = path.join(root, 'test', 'fixtures', 'raw-everything.mjs');
    return { command: process.execPath, args: [fixture, this.record], gate };
  }

  /** The entry of the reference file server, which may touch `area`. */
  files(gate: object = {}): object {
    return { command: process.execPath, args: [serverFile('filesystem'), this.area], gate };
  }

  /** Changes members of the config and writes the file in one step, as an editor does. */
  configure(patch: object): void {
    this.#config = { ...this.#config, ...patch };
    writeFileSync(this.configFile, JSON.stringify(this.#config, undefined, 2));
  }

  /** Writes the config as it stands in the test, whatever it is. */
  writeConfigText(text: string): void {
    writeFileSync(this.configFile, text);
  }

  rule(name: string, text: string): void {
    writeFileSync(path.join(this.policies, 'rules', name), text);
  }

  /** Everything the gate and its CLI see of the environment. */
  env(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
    const { PATH, SystemRoot, TEMP } = process.env;
    return {
      PATH,
      SystemRoot,
      TEMP,
      HOME: this.dir,
      USERPROFILE: this.dir,
      MCP_GATE_HOME: this.state,
      ...extra,
    };
  }

  /** Starts a gate; it is closed with the scratch folder at the latest. */
  start(extra: Readonly<Record<string, string>> = {}, wrapper: readonly string[] = []): LineClient {
    const [command, ...args] = [
      ...wrapper,
      process.execPath,
      main,
      'run',
      '--config',
      this.configFile,
    ];
    return this.#keep(new LineClient(command ?? '', args, { cwd: this.dir, env: this.env(extra) }));
  }

  /** Starts a gate and opens the session. */
  async open(capabilities: object = {}): Promise<LineClient> {
    const client = this.start();
    await client.initialize(capabilities);
    return client;
  }

  /** Starts a server without a gate, in the environment that the gate gives. */
  direct(entry: object): LineClient {
    const { command, args, env } = messageOf(entry);
    const words = Array.isArray(args) ? args.map(String) : [];
    const own = Object.entries(messageOf(env ?? {})).map(([name, value]) => [name, String(value)]);
    const options = {
      cwd: this.house,
      env: { ...directEnv(this.env()), ...Object.fromEntries(own) },
    };
    return this.#keep(new LineClient(String(command), words, options));
  }

  /** Runs a command of the CLI in a process of its own, without a terminal. */
  async cli(
    args: readonly string[],
    extra: Readonly<Record<string, string>> = {},
  ): Promise<Finished> {
    return await new Promise((resolve) => {
      const options = { cwd: this.dir, env: this.env(extra), timeout: 60_000, maxBuffer: 1 << 28 };
      const child = execFile(
        process.execPath,
        [main, ...args],
        options,
        (error, stdout, stderr) => {
          const code = error === null ? 0 : child.exitCode;
          resolve({ code, stdout, stderr });
        },
      );
      child.stdin?.end();
    });
  }

  /** The JSON that a reading command prints. Exit 1 is an answer, anything above is not. */
  async read(
    args: readonly string[],
    extra: Readonly<Record<string, string>> = {},
  ): Promise<unknown> {
    const done = await this.cli([...args, '--format', 'json'], extra);
    if (done.code !== 0 && done.code !== 1) {
      throw new Error(`"${args.join(' ')}" ended with ${done.code}: ${done.stderr}`);
    }
    return JSON.parse(done.stdout);
  }

  /** The first approver of this state folder, as the environment that proves who it is. */
  async approver(name = 'alice'): Promise<Readonly<Record<string, string>>> {
    const added = await this.read(['approvers', 'add', name]);
    return { MCP_GATE_APPROVER: `${name}:${textAt(added, 'secret')}` };
  }

  /** Waits until exactly `count` approvals are pending. */
  async pending(count = 1): Promise<readonly Message[]> {
    let pending: readonly Message[] = [];
    await until(`${count} pending approvals`, async () => {
      const all = listAt(await this.read(['approvals', 'list']), '').map(messageOf);
      pending = all.filter((each) => each['state'] === 'pending');
      return pending.length === count;
    });
    return pending;
  }

  /** Looks at `status` again and again until it fits. */
  async untilStatus(what: string, fits: (status: Message) => boolean): Promise<Message> {
    let status: Message = {};
    await until(what, async () => {
      status = messageOf(await this.read(['status']));
      return fits(status);
    });
    return status;
  }

  /** The digest of the policy in force, as the one running gate says. */
  async policyDigest(): Promise<string> {
    return textAt(await this.read(['status']), 'policy.digest');
  }

  /** Reads the journal again and again until it fits. */
  async untilJournal(what: string, fits: (entries: readonly Entry[]) => boolean): Promise<void> {
    await until(what, async () => fits(await this.journal()));
  }

  /** The entries of one kind, or of all, in order. */
  async journal(kind?: string): Promise<readonly Entry[]> {
    const all = await readJournal(this.state);
    return kind === undefined ? all : all.filter((entry) => entry.kind === kind);
  }

  /** What the raw server did, line by line. */
  executed(): readonly Message[] {
    return this.recorded().filter(({ tool }) => tool !== undefined);
  }

  recorded(): readonly Message[] {
    return readLines(this.record).map((line) => messageOf(JSON.parse(line)));
  }

  /** Closes what runs, makes sure that nothing is left running, and removes the folder. */
  async dispose(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    const left = await this.leftovers(5000);
    for (const { pid } of left) process.kill(pid, 'SIGKILL');
    keepPolicyCache(this.state);
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 5 });
    if (left.length > 0)
      throw new Error(`left running: ${left.map((each) => each.command).join('; ')}`);
  }

  /** Processes that name this folder and have not gone after `patienceMs`. */
  async leftovers(patienceMs: number): Promise<readonly { pid: number; command: string }[]> {
    const deadline = Date.now() + patienceMs;
    let left = processesNaming(this.dir);
    while (left.length > 0 && Date.now() < deadline) {
      await sleep(50);
      left = processesNaming(this.dir);
    }
    return left;
  }

  #keep(client: LineClient): LineClient {
    this.#clients.push(client);
    return client;
  }

  #replaceRules(rules: Readonly<Record<string, string>>): void {
    const folder = path.join(this.policies, 'rules');
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    for (const [name, text] of Object.entries(rules)) this.rule(name, text);
  }
}

/** The lines of a file that may not exist yet. */
export function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  } catch {
    return [];
  }
}

/** The entry point of an installed reference server. */
export function serverFile(name: 'everything' | 'filesystem' | 'memory'): string {
  const manifest = createRequire(import.meta.url).resolve(
    `@modelcontextprotocol/server-${name}/package.json`,
  );
  return path.join(path.dirname(manifest), 'dist', 'index.js');
}

/** What a tool server inherits when its entry asks for nothing, of the variables that a test's gate has. */
function directEnv({
  PATH,
  HOME,
  SystemRoot,
  TEMP,
  USERPROFILE,
}: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return process.platform === 'win32' ? { PATH, SystemRoot, TEMP, USERPROFILE } : { PATH, HOME };
}

/** The server that says the names of the official conformance suite, in both eras. */
export const conformanceServer = path.join(root, 'test', 'fixtures', 'conformance-server.mjs');
