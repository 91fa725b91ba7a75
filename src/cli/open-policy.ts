import type { Config } from '../config/config.ts';
import { type Compiler, createCompiler } from '../policy/compiler.ts';
import type { PolicyOrigin } from '../policy/load-policy.ts';
import { openPolicySource } from '../policy/reload.ts';
import { shippedFolder } from '../policy/source-files.ts';
import { type DeferredPolicy, deferPolicy } from './deferred-policy.ts';
import { packageVersion } from './version.ts';

/** Starts to load the policy that the config names; what it names is watched from then on. */
export function openPolicy(config: Config): { policy: DeferredPolicy; path: string } {
  const compiler = createCompiler();
  const { dir, bundle, isolation, timeoutMs, memoryPages } = config.policy;
  const origin: PolicyOrigin =
    bundle === undefined ? { kind: 'folder', path: dir } : { kind: 'bundle', path: bundle };
  const opening = openPolicySource({
    origin,
    compiler,
    gateVersion: packageVersion(),
    stateDir: config.stateDir,
    isolation,
    timeLimitMs: timeoutMs,
    memoryPages,
  });
  return {
    policy: closingWith(deferPolicy(opening), compiler),
    path: bundle ?? dir ?? shippedFolder,
  };
}

// The compiler goes first: nobody waits for what it still compiles, and the source takes that as a refusal.
function closingWith(policy: DeferredPolicy, compiler: Compiler): DeferredPolicy {
  const close = async (): Promise<void> => {
    await compiler.close();
    await policy.close();
  };
  return { ...policy, close };
}
