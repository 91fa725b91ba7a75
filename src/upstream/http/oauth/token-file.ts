import { chmod, mkdir, open, readFile, rename, rm, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, GateError } from '../../../core/errors.ts';
import { isObject, type JsonObject } from '../../../core/json.ts';
import { parseJson } from '../../../core/parse-json.ts';

/** What is kept of one server's authorization; the SDK's schemas check its members where they are used. */
export interface TokenState {
  /** The server that it belongs to: for no other, whatever the key says. */
  readonly server: string;
  /** How the tokens were got: again the same way without a person, or from a person. */
  readonly grant: 'client_credentials' | 'authorization_code';
  readonly client: JsonObject | undefined;
  readonly tokens: JsonObject | undefined;
  /** What the server asked for so far. */
  readonly scope: string | undefined;
  /** What it has missed since: a person is asked for that too, at the next login. */
  readonly missed: string | undefined;
}

/** A gate that died while it held the lock does not keep the others waiting for longer than this. */
const staleMs = 60_000;
const pollMs = 100;

/**
 * One server's tokens on disk, for the user alone. Writes are atomic: whoever reads finds the old ones or the new ones. Several
 * gates share the file, and a refresh token may be used once only, so whoever renews holds the lock from reading to writing.
 */
export class TokenFile {
  readonly #path: string;
  readonly #server: string;

  constructor(dir: string, key: string, server: string) {
    this.#path = path.join(dir, `${key}.json`);
    this.#server = server;
  }

  /** Undefined where there is none, or none that can be read: somebody has to log in then. */
  async read(): Promise<TokenState | undefined> {
    let text: string;
    try {
      text = await readFile(this.#path, 'utf8');
    } catch {
      return undefined;
    }
    return parse(text, this.#server);
  }

  async write(state: TokenState): Promise<void> {
    const temporary = `${this.#path}.${process.pid}.tmp`;
    try {
      await mkdir(path.dirname(this.#path), { recursive: true, mode: 0o700 });
      await rm(temporary, { force: true });
      const file = await open(temporary, 'wx', 0o600);
      try {
        await file.writeFile(`${JSON.stringify(state, undefined, 2)}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
      await chmod(temporary, 0o600);
      await rename(temporary, this.#path);
    } catch (error) {
      throw unkept(error);
    }
  }

  /** Runs `job` while no other gate does so for this server. */
  async locked<T>(job: () => Promise<T>): Promise<T> {
    const lock = `${this.#path}.lock`;
    await mkdir(path.dirname(this.#path), { recursive: true, mode: 0o700 });
    while (!(await this.#take(lock))) await sleep(pollMs);
    try {
      return await job();
    } finally {
      await rm(lock, { force: true });
    }
  }

  async #take(lock: string): Promise<boolean> {
    try {
      await (await open(lock, 'wx', 0o600)).close();
      return true;
    } catch (error) {
      if (!isCode(error, 'EEXIST')) throw error;
    }
    try {
      const { mtimeMs } = await stat(lock);
      if (Date.now() - mtimeMs > staleMs) await unlink(lock);
    } catch {
      // It was freed meanwhile: the next try takes it.
    }
    return false;
  }
}

function unkept(cause: unknown): GateError {
  const reason = `its tokens cannot be kept: ${describe(cause)}`;
  return new GateError('upstream_unavailable', reason, { cause });
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function parse(text: string, server: string): TokenState | undefined {
  let read: unknown;
  try {
    read = parseJson(text);
  } catch {
    return undefined;
  }
  if (!isObject(read) || read['server'] !== server) return undefined;
  const { client, tokens, scope, missed, grant } = read;
  return {
    server,
    grant: grant === 'client_credentials' ? grant : 'authorization_code',
    client: isObject(client) ? client : undefined,
    tokens: isObject(tokens) ? tokens : undefined,
    scope: typeof scope === 'string' ? scope : undefined,
    missed: typeof missed === 'string' ? missed : undefined,
  };
}
