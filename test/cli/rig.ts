// biome-ignore-all lint/suspicious/noTemplateCurlyInString: config files have this notation
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { createDesk } from '../../src/approval/desk.ts';
import { runProgram } from '../../src/cli/program.ts';
import type { EntryDraft, Store } from '../../src/store/contract.ts';
import { openStore } from '../../src/store/sqlite-store.ts';
import { request } from '../approval/desk-scratch.ts';
import { scratch } from '../config/scratch.ts';

export interface Around {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** A person sits at a terminal and types this; more can be typed with `type`. */
  readonly typed?: string;
  /** What comes through a pipe. */
  readonly piped?: string;
}

export interface Done {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command line in this process. */
export function cli(argv: readonly string[], around: Around = {}): Promise<Done> {
  return start(argv, around).done;
}

/** The same, with a hand on the keyboard and an eye on the screen. */
export function start(argv: readonly string[], around: Around) {
  const isTTY = around.typed !== undefined;
  const raw: boolean[] = [];
  const stdin = Object.assign(new PassThrough(), {
    isTTY,
    setRawMode: (on: boolean) => raw.push(on),
  });
  const [stdout, stderr] = [collector(isTTY), collector(isTTY)];
  if (isTTY) stdin.write(around.typed);
  else stdin.end(around.piped);
  const env = { NO_COLOR: '1', ...around.env };
  const cwd = around.cwd ?? import.meta.dirname;
  const exit = runProgram({ argv, env, cwd, stdin, stdout, stderr });
  const done = exit.then((code) => {
    stdin.destroy();
    return { code, stdout: stdout.text(), stderr: stderr.text() };
  });
  return {
    done,
    raw,
    screen: stdout.text,
    told: stderr.text,
    type: (keys: string) => stdin.write(keys),
    end: () => stdin.end(),
  };
}

function collector(isTTY: boolean) {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write: (chunk, _encoding, next) => {
      chunks.push(Buffer.from(chunk));
      next();
    },
  });
  return Object.assign(stream, {
    isTTY,
    columns: 100,
    rows: 60,
    text: () => Buffer.concat(chunks).toString(),
  });
}

/** A state folder as a gate leaves it, with a config beside it; `seed` fills the store. */
export async function house(seed: (store: Store) => Promise<unknown> = async () => {}) {
  const { dir, write } = scratch();
  const state = join(dir, 'state');
  mkdirSync(state, { mode: 0o700 });
  const store = openStore({ dir: state, durability: 'process', clock: Date.now });
  try {
    await seed(store);
  } finally {
    await store.close();
  }
  const config = write(
    'mcp-config.json',
    '{"stateDir": "./state", "mcpServers": {"files": {"command": "x", "env": {"T": "${UNSET}"}}}}',
  );
  return { dir, state, config, env: { MCP_GATE_HOME: state } };
}

/** Puts the question about one call; its id. */
export async function ask(
  store: Store,
  change: Parameters<typeof request>[0] = {},
): Promise<string> {
  const defaults = { expiresInMs: 900_000, quorum: 1 };
  const desk = createDesk({ store, clock: Date.now, defaults });
  lastAskedMs = Math.max(lastAskedMs + 1, Date.now());
  const row = await store.write('decision', (tx) => desk.open(tx, request(change), lastAskedMs));
  return row.id;
}

/** Of two questions the one that was put first is listed first, within one millisecond as well. */
let lastAskedMs = 0;

export const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
export const decisionId = '019a0000-0000-7000-8000-000000000001';

/** A denied call and its trace, as the gate writes them. */
export const denied: EntryDraft = {
  kind: 'decision',
  timeMs: Date.UTC(2026, 0, 2, 3, 4, 5),
  traceId: trace,
  decisionId,
  fields: {
    mode: 'enforce',
    enforced: true,
    action: 'tools/call',
    server: 'files',
    tool: 'write_file',
    outcome: 'deny',
    raw_outcome: 'deny',
    rules: [{ id: 'files.outside', reason: 'r', predicate: null, version: null }],
    reason: 'writes \u001b[31moutside',
    policy: null,
    approval_id: null,
  },
};

export const executed: EntryDraft = {
  kind: 'outcome',
  timeMs: Date.UTC(2026, 0, 2, 3, 4, 6),
  traceId: trace,
  decisionId,
  fields: {
    server: 'files',
    tool: 'write_file',
    status: 'executed',
    reason: null,
    duration_ms: 12,
  },
};

export async function record(store: Store, ...entries: readonly EntryDraft[]): Promise<void> {
  await store.write('decision', (tx) => {
    for (const entry of entries) tx.append(entry);
  });
}
