import { inputJsonSchema } from '../policy/input-json-schema.ts';
import { lintRules } from '../policy/lint-rules.ts';
import { describeFault, PolicyError, type PolicyFault } from '../policy/policy-error.ts';
import { readPolicyFolder } from '../policy/source-files.ts';
import { type Io, painter, print, printJson } from './io.ts';
import type { ReadingOptions } from './options.ts';
import { findPolicyFolder, withCompiler } from './policy-folder.ts';

interface Review {
  readonly faults: readonly PolicyFault[];
  readonly warnings: readonly PolicyFault[];
}

/** Silent when all is well; a library of the package that a rule breaks is named like a file of the folder. */
export async function checkPolicy(
  io: Io,
  dir: string | undefined,
  options: ReadingOptions,
): Promise<number> {
  const review = await reviewFolder(await findPolicyFolder(io, dir, options));
  const isGood = review.faults.length === 0;
  if (options.format === 'json') {
    printJson(io, { ok: isGood, ...review });
    return isGood ? 0 : 1;
  }
  const paint = painter(io, io.stdout);
  print(io, [
    ...review.faults.map((fault) => `${paint('red', 'error:')} ${describeFault(fault)}`),
    ...review.warnings.map((fault) => `${paint('yellow', 'warning:')} ${describeFault(fault)}`),
  ]);
  return isGood ? 0 : 1;
}

async function reviewFolder(folder: string): Promise<Review> {
  try {
    const { sources } = await readPolicyFolder(folder);
    const review = await withCompiler((compiler) => compiler.check(sources, inputJsonSchema()));
    return { ...review, faults: [...lintRules(sources), ...review.faults] };
  } catch (error) {
    // A file that cannot be part of a policy is a fault like any other.
    if (!(error instanceof PolicyError) || error.faults.length === 0) throw error;
    return { faults: error.faults, warnings: [] };
  }
}
