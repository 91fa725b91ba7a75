import type { Clock } from '../core/clock.ts';
import type { BundleRow } from '../store/contract.ts';
import { openInline, openInWorker, type PolicyModule } from './active-policy.ts';
import { readPolicyBundle } from './bundle.ts';
import { compilePolicy } from './compile-policy.ts';
import type { Compiler } from './compiler.ts';
import type { PolicyContent } from './content.ts';
import type { ActivePolicy, PolicyVersion } from './contract.ts';
import { opaWasmVersion } from './engine.ts';
import type { PolicyCache } from './policy-cache.ts';
import { compileModule } from './policy-module.ts';
import { smokeTest } from './smoke-test.ts';
import { readPolicyFolder } from './source-files.ts';
import { toBundleRow } from './stored-policy.ts';

/** Where a policy comes from; a folder that is undefined is the shipped one. */
export type PolicyOrigin =
  | { readonly kind: 'folder'; readonly path: string | undefined }
  | { readonly kind: 'bundle'; readonly path: string };

export interface LoadOptions {
  readonly id: string;
  readonly compiler: Compiler;
  readonly cache: PolicyCache | undefined;
  readonly clock: Clock;
  /** The version of this gate, for the record. */
  readonly gateVersion: string;
  readonly memoryPages: number;
  /** Undefined evaluates inline; otherwise in a worker, with this time limit. */
  readonly timeLimitMs: number | undefined;
}

export interface LoadedPolicy {
  readonly policy: ActivePolicy;
  readonly bundle: BundleRow;
}

export function readPolicy(origin: PolicyOrigin): Promise<PolicyContent> {
  return origin.kind === 'bundle' ? readPolicyBundle(origin.path) : readPolicyFolder(origin.path);
}

/** A policy that passed everything that stands before being in force. The caller closes it. */
export async function loadPolicy(
  content: PolicyContent,
  options: LoadOptions,
): Promise<LoadedPolicy> {
  const wasm = await compilePolicy(content, options.compiler, options.cache);
  const version = versionOf(content, options);
  const dataText = JSON.stringify(content.sources.data);
  const policy = await open({ version, module: await compileModule(wasm), dataText }, options);
  try {
    await smokeTest(policy);
    return { policy, bundle: toBundleRow(content, wasm, version, options.clock()) };
  } catch (error) {
    await policy.close();
    throw error;
  }
}

async function open(policy: PolicyModule, { timeLimitMs }: LoadOptions): Promise<ActivePolicy> {
  return timeLimitMs === undefined ? openInline(policy) : openInWorker(policy, timeLimitMs);
}

function versionOf(content: PolicyContent, options: LoadOptions): PolicyVersion {
  return {
    id: options.id,
    revision: content.revision,
    digest: content.digest,
    engine: {
      gate: options.gateVersion,
      regoc: content.wasm === undefined ? options.compiler.digest : null,
      opa_wasm: opaWasmVersion,
      memory_pages: options.memoryPages,
    },
  };
}
