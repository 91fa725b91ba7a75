import { canonical } from '../core/canonical.ts';
import { sha256Hex } from '../core/digest.ts';
import type { JsonObject } from '../core/json.ts';
import type { Compiler, PolicySources, TestResult } from './compiler.ts';
import type { PolicyContent } from './content.ts';
import { entrypoints } from './entrypoints.ts';
import { inputJsonSchema } from './input-json-schema.ts';
import { lintRules } from './lint-rules.ts';
import type { PolicyCache } from './policy-cache.ts';
import { PolicyError, type PolicyFault } from './policy-error.ts';

/**
 * The module of a policy: from the bundle, from the cache, or compiled, once its lints, its check against the input
 * schema and its own tests have passed. Throws `policy_invalid` with every fault. From the cache it starts no compiler.
 */
export async function compilePolicy(
  content: PolicyContent,
  compiler: Compiler,
  cache: PolicyCache | undefined,
): Promise<Uint8Array> {
  if (content.wasm !== undefined) return content.wasm;
  const schema = inputJsonSchema();
  const key = cacheKey(content.digest, compiler.digest, schema);
  const cached = await cache?.read(key);
  if (cached !== undefined) return cached;
  const { wasm } = await build(content.sources, compiler, schema);
  refuse('fails its own tests', testFaults((await compiler.test(content.sources)).tests));
  await cache?.write(key, wasm);
  return wasm;
}

/** Everything that a verdict on the sources depends on. */
function cacheKey(digest: string, compilerDigest: string, schema: JsonObject): string {
  return sha256Hex(canonical({ digest, compilerDigest, entrypoints, schema }));
}

/** Lints of the gate and faults of OPA are shown together. */
async function build(
  sources: PolicySources,
  compiler: Compiler,
  schema: JsonObject,
): Promise<{ readonly wasm: Uint8Array }> {
  const lints = lintRules(sources);
  if (lints.length === 0) return compiler.build(sources, entrypoints, schema);
  const { faults } = await compiler.check(sources, schema);
  throw refusal('is not valid', [...lints, ...faults]);
}

function testFaults(tests: readonly TestResult[]): readonly PolicyFault[] {
  return tests
    .filter(({ passed, skipped }) => !passed && !skipped)
    .map(({ name, file, row, error }) => ({
      code: 'gate_test_failed',
      message: `test "${name}" failed${error === undefined ? '' : `: ${error}`}`,
      file,
      row,
    }));
}

function refuse(what: string, faults: readonly PolicyFault[]): void {
  if (faults.length > 0) throw refusal(what, faults);
}

function refusal(what: string, faults: readonly PolicyFault[]): PolicyError {
  return new PolicyError('policy_invalid', `policy ${what}`, { faults });
}
