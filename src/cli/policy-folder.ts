import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { GateError } from '../core/errors.ts';
import { type Compiler, createCompiler } from '../policy/compiler.ts';
import type { Io } from './io.ts';
import type { StateOptions } from './options.ts';
import { findPlace } from './state.ts';

/** The folder that a policy command is about: the one named, the config's, else ./policies. */
export async function findPolicyFolder(
  io: Io,
  dir: string | undefined,
  options: StateOptions,
): Promise<string> {
  if (dir !== undefined) return resolve(io.cwd, dir);
  const { config } = await findPlace(io, options);
  if (config?.policy.dir !== undefined) return config.policy.dir;
  const usual = join(io.cwd, 'policies');
  if (config === undefined && existsSync(usual)) return usual;
  throw new GateError('policy_missing', 'no policy folder was named', {
    hint: 'name it behind the command, or as "policy.dir" in the config',
  });
}

/** Runs `work` with a compiler, whose process ends with it. */
export async function withCompiler<T>(work: (compiler: Compiler) => Promise<T>): Promise<T> {
  const compiler = createCompiler();
  try {
    return await work(compiler);
  } finally {
    await compiler.close();
  }
}
