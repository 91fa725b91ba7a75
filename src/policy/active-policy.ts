import { once } from '../core/once.ts';
import type { ActivePolicy, PolicyVersion } from './contract.ts';
import { type Decision, parseDecision } from './decision.ts';
import { loadEngine } from './engine.ts';
import { lightLength } from './limits.ts';
import { Memo } from './memo.ts';
import { readsOf } from './reads.ts';
import { startWorkers } from './worker.ts';

export interface PolicyModule {
  readonly version: PolicyVersion;
  readonly module: WebAssembly.Module;
  readonly dataText: string;
}

/**
 * Evaluates in this thread: fast, and bounded by its steps and its memory, which hold the thread for 0.1 s or so. Nothing
 * bounds one call of a builtin of the host, such as `strings.any_prefix_match` of two long lists: rules that nobody
 * reviews belong into a worker. Throws `policy_engine` when it cannot be loaded.
 */
export function openInline({ version, module, dataText }: PolicyModule): ActivePolicy {
  const engine = loadEngine(module, dataText, { memoryPages: version.engine.memory_pages });
  const decisionOf = parsedOnce();
  const ask = (inputText: string) => decisionOf(engine.evaluate(inputText, 'gate/decision'));
  const reads = readsOf(module);
  const memo = reads === undefined ? undefined : new Memo(reads);
  return {
    version,
    decide: (inputText, input) => {
      // A longer one might run out of steps, and then a replay would not find what was decided.
      const key = input && inputText.length <= lightLength ? memo?.keyOf(input) : undefined;
      if (key === undefined) return ask(inputText);
      const known = memo?.get(key);
      if (known !== undefined) return known;
      const decision = ask(inputText);
      if (engine.wasLight()) memo?.keep(key, decision);
      return decision;
    },
    visible: (inputText) => {
      try {
        return engine.evaluate(inputText, 'gate/visible') === true;
      } catch {
        // What policy cannot decide is not shown; a call to it is denied with the reason.
        return false;
      }
    },
    close: () => Promise.resolve(),
  };
}

/** The engine hands out frozen answers again; what was read from one stands. */
function parsedOnce(): (answer: unknown) => Decision {
  const parsed = once(parseDecision);
  return (answer) => {
    const isShared = typeof answer === 'object' && answer !== null && Object.isFrozen(answer);
    return isShared ? parsed(answer) : parseDecision(answer);
  };
}

/** Evaluates in a worker, under the same limits and a time limit. Rejects with `policy_engine` when it cannot be loaded. */
export async function openInWorker(
  { version, module, dataText }: PolicyModule,
  timeLimitMs: number,
): Promise<ActivePolicy> {
  const { memory_pages: memoryPages } = version.engine;
  const workers = await startWorkers({ module, dataText, memoryPages }, timeLimitMs);
  return {
    version,
    decide: async (inputText) => parseDecision(await workers.evaluate(inputText, 'gate/decision')),
    visible: async (inputText) =>
      (await workers.evaluate(inputText, 'gate/visible').catch(() => false)) === true,
    close: () => workers.close(),
  };
}
