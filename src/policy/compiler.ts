import type { Json, JsonObject } from '../core/json.ts';
import { parseJson } from '../core/parse-json.ts';
import { PolicyError, type PolicyFault } from './policy-error.ts';
import { parseAnswer, type RegocAnswer, requireOk } from './regoc-answer.ts';
import { loadCapabilities, loadRegocDigest, regocFolder } from './regoc-assets.ts';
import { RegocProcess } from './regoc-process.ts';

export type { PolicyFault } from './policy-error.ts';

/** What a policy is made of: POSIX paths relative to its folder with the text of each module, and its data. */
export interface PolicySources {
  readonly modules: Readonly<Record<string, string>>;
  readonly data: JsonObject;
}

export interface PolicyReview {
  readonly faults: readonly PolicyFault[];
  readonly warnings: readonly PolicyFault[];
}

/** `error` of a test that failed names the expression that was not true, its cases, or what went wrong. */
export interface TestResult {
  readonly package: string;
  readonly name: string;
  readonly file: string;
  readonly row: number;
  readonly passed: boolean;
  readonly skipped: boolean;
  readonly error?: string;
  readonly durationMs: number;
}

export interface TestCoverage {
  readonly percent: number;
  readonly files: Readonly<Record<string, FileCoverage>>;
}

export interface FileCoverage {
  readonly percent: number;
  readonly notCovered: readonly { readonly from: number; readonly to: number }[];
}

export interface TestReport {
  readonly tests: readonly TestResult[];
  readonly coverage: TestCoverage;
}

/** `value` is null also when the query is undefined; `defined` tells the two apart. */
export interface Evaluation {
  readonly value: Json;
  readonly defined: boolean;
  readonly trace?: string;
}

/**
 * OPA, run as wasm in a child process. All but `check` throw `policy_invalid` with OPA's faults for a policy that is
 * wrong; everything throws `policy_timeout` when it takes too long and `policy_engine` when the compiler cannot be
 * trusted or fails. Equal sources give equal bytes. Calls may overlap and run one after another; the caller closes.
 */
export interface Compiler {
  /** Strict, with the schema of the input when given, and with the gate's own lints. */
  check(sources: PolicySources, inputSchema?: JsonObject): Promise<PolicyReview>;
  /** Checks first; modules called `*_test.rego` are checked and left out. */
  build(
    sources: PolicySources,
    entrypoints: readonly string[],
    inputSchema?: JsonObject,
  ): Promise<{ readonly wasm: Uint8Array }>;
  fmt(modules: PolicySources['modules']): Promise<Readonly<Record<string, string>>>;
  test(sources: PolicySources): Promise<TestReport>;
  /** `time.now_ns` is the input's own `context.time_ns`, when it has one. */
  eval(
    sources: PolicySources,
    query: string,
    input: Json,
    options?: { readonly explain?: boolean },
  ): Promise<Evaluation>;
  /** SHA-256 of the compiler in hexadecimal. */
  readonly digest: string;
  close(): Promise<void>;
}

export interface CompilerOptions {
  /** What one call may take, waiting for others not counted. */
  readonly timeoutMs?: number;
  /** What one test of a policy may take. */
  readonly testTimeoutMs?: number;
  /** How long the child stays for another call. */
  readonly idleMs?: number;
  /** The folder of `regoc.wasm.br` and `regoc.sha256`. */
  readonly folder?: URL;
}

export function createCompiler(options: CompilerOptions = {}): Compiler {
  const { folder = regocFolder, timeoutMs = 30_000, idleMs = 60_000 } = options;
  const { testTimeoutMs = 5_000 } = options;
  const digest = loadRegocDigest(folder);
  const capabilities: unknown = parseJson(loadCapabilities());
  const child = new RegocProcess({ folder, digest, timeoutMs, idleMs });
  const ask = async (op: string, request: object): Promise<RegocAnswer> =>
    parseAnswer(await child.ask(JSON.stringify({ op, capabilities, ...request })));

  return {
    digest,
    close: () => child.close(),
    check: async (sources, schema) => {
      const { errors, warnings } = await ask('check', { ...sources, schema });
      return { faults: errors, warnings };
    },
    build: async (sources, entrypoints, schema) => {
      const { wasm } = requireOk(await ask('build', { ...sources, entrypoints, schema }));
      if (wasm === undefined)
        throw new PolicyError('policy_engine', 'policy compiler made no wasm');
      return { wasm: new Uint8Array(Buffer.from(wasm, 'base64')) };
    },
    fmt: async (modules) => requireOk(await ask('fmt', { modules })).formatted,
    test: async (sources) => {
      const { tests, coverage } = requireOk(
        await ask('test', { ...sources, test_timeout_ms: testTimeoutMs }),
      );
      return { tests, coverage };
    },
    eval: async (sources, query, input, { explain = false } = {}) => {
      const request = { ...sources, query, input, explain };
      const { value = null, defined, trace } = requireOk(await ask('eval', request));
      return trace === undefined ? { value, defined } : { value, defined, trace };
    },
  };
}
