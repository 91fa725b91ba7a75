import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { describe, GateError } from '../core/errors.ts';
import { isObject, type Json } from '../core/json.ts';
import { parseStrict } from '../core/strict-json.ts';
import { readPolicyFolder } from '../policy/source-files.ts';
import { type Io, print, tell } from './io.ts';
import type { StateOptions } from './options.ts';
import { findPolicyFolder, withCompiler } from './policy-folder.ts';

interface EvalOptions extends StateOptions {
  readonly policy?: string;
  readonly input?: string;
  readonly explain?: boolean;
}

export async function evalPolicy(io: Io, query: string, options: EvalOptions): Promise<number> {
  const { sources } = await readPolicyFolder(await findPolicyFolder(io, options.policy, options));
  const input = options.input === undefined ? null : await readInput(io, options.input);
  const explain = options.explain === true;
  const { value, defined, trace } = await withCompiler((compiler) =>
    compiler.eval(sources, query, input, { explain }),
  );
  if (trace !== undefined) tell(io, trace.trimEnd());
  if (!defined) throw new GateError('not_found', `"${query}" is undefined for this input`);
  print(io, [JSON.stringify(value, null, 2)]);
  return 0;
}

async function readInput(io: Io, name: string): Promise<Json> {
  const value: unknown = await load(io, name).catch((cause) => {
    throw unreadable(name, describe(cause), cause);
  });
  if (isObject(value)) return value;
  throw unreadable(name, 'expected a JSON object');
}

async function load(io: Io, name: string): Promise<unknown> {
  return parseStrict(name === '-' ? await buffer(io.stdin) : await readFile(resolve(io.cwd, name)));
}

function unreadable(name: string, why: string, cause?: unknown): GateError {
  return new GateError('usage', `input "${name}" cannot be read: ${why}`, { cause });
}
