import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { GateError } from '../core/errors.ts';
import { isObject, type Json, type JsonObject } from '../core/json.ts';
import type { Config } from './config.ts';
import { type Environment, expandPaths, expandServing, type Report } from './expand.ts';
import { problemsOf } from './issues.ts';
import { parseFile } from './parse.ts';
import { type Problem, pathText } from './problem.ts';
import { configError, place } from './report.ts';
import { resolveConfig } from './resolve.ts';
import { checkBudgets } from './resolve-budgets.ts';
import { configSchema } from './schema.ts';
import { usableServers } from './servers.ts';

const maxFileBytes = 1024 * 1024;

export interface LoadOptions {
  readonly env: Environment;
  /**
   * `literal` leaves variables in server entries as they are written, and leaves out how the gate is reached: the person
   * who reads the state does not have the secrets that the client gives to the gate.
   */
  readonly servers: 'expand' | 'literal';
}

/**
 * Reads, checks and resolves a config file. Throws `config_missing` when it cannot be read, and `config_invalid` with one
 * line for everything that is wrong; no line holds a variable's value or a server's arguments.
 */
export function loadConfig(path: string, options: LoadOptions): Config {
  const file = resolve(path);
  const text = readConfig(file);
  const { root, value, problems } = parseFile(text);
  if (problems.length > 0) throw configError(file, text, problems);
  const found: Problem[] = [];
  const config = check(file, value, options, (problem) => found.push(problem));
  if (config !== undefined && found.length === 0) return config;
  const alias = isObject(value) && value['mcpServers'] === undefined && 'servers' in value;
  throw configError(file, text, place(alias ? found.map(underAlias) : found, root));
}

function readConfig(file: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    throw unreadable(file, cause);
  }
  if (bytes.length > maxFileBytes) {
    throw new GateError('config_invalid', `config file "${file}" is larger than 1 MiB`);
  }
  return bytes.toString('utf8').replace(/^\uFEFF/, '');
}

function unreadable(file: string, cause: unknown): GateError {
  const hint = 'name the file with --config, or copy mcp-config.example.json there';
  return new GateError('config_missing', `config file "${file}" cannot be read`, { cause, hint });
}

function check(
  file: string,
  value: Json,
  { env, servers }: LoadOptions,
  report: Report,
): Config | undefined {
  const raw = isObject(value) ? withoutAlias(value, report) : value;
  const told = new Set<string>();
  const tell: Report = (problem) => {
    told.add(pathText(problem.path));
    report(problem);
  };
  const serverEnv = servers === 'expand' ? env : undefined;
  const expanded = isObject(raw) ? expandFile(raw, env, serverEnv, tell) : raw;
  const parsed = configSchema.safeParse(expanded);
  if (parsed.success) {
    checkBudgets(parsed.data.budgets, serverKeys(raw), report);
    return resolveConfig(file, parsed.data, env, report);
  }
  // What is wrong with a value whose variable could not be filled in has been told.
  const problems = problemsOf(parsed.error.issues, raw);
  for (const problem of problems) if (!told.has(pathText(problem.path))) report(problem);
  return undefined;
}

function serverKeys(raw: Json): readonly string[] {
  const entries = isObject(raw) ? raw['mcpServers'] : undefined;
  return isObject(entries) ? Object.keys(entries) : [];
}

function expandFile(
  raw: JsonObject,
  env: Environment,
  serverEnv: Environment | undefined,
  report: Report,
): JsonObject {
  const paths = expandPaths(raw, env, report);
  const expanded =
    serverEnv === undefined ? unserved(paths) : expandServing(paths, serverEnv, report);
  const entries = raw['mcpServers'];
  if (!isObject(entries)) return expanded;
  return { ...expanded, mcpServers: usableServers(entries, ['mcpServers'], serverEnv, report) };
}

/** Without what only a running gate needs: its variables are not there for anybody else. */
function unserved({ transport: _, identity: __, ...file }: JsonObject): JsonObject {
  const { approvals } = file;
  if (!isObject(approvals)) return file;
  const { notify: ___, ...others } = approvals;
  return { ...file, approvals: others };
}

// VS Code names the same object `servers`.
function withoutAlias(value: JsonObject, report: Report): JsonObject {
  const { servers, ...rest } = value;
  if (servers === undefined) return value;
  if (rest['mcpServers'] === undefined) return { ...rest, mcpServers: servers };
  report({
    path: ['servers'],
    expected: 'either "mcpServers" or "servers"',
    found: 'both',
    atKey: true,
  });
  return rest;
}

function underAlias(problem: Problem): Problem {
  const [head, ...rest] = problem.path;
  return head === 'mcpServers' ? { ...problem, path: ['servers', ...rest] } : problem;
}
