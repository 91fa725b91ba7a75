// The thread that evaluates a policy under `policy.isolation: "worker"`. It takes one evaluation at a time and says
// `ready` first; whoever started it ends it.
import { parentPort, workerData } from 'node:worker_threads';
import { describe } from '../core/errors.ts';
import { loadEngine } from './engine.ts';

const { module, dataText, memoryPages } = Object(workerData);

try {
  const engine = loadEngine(module, dataText, { memoryPages });
  parentPort?.on('message', ({ inputText, entrypoint }) => {
    parentPort?.postMessage(answer(() => engine.evaluate(inputText, entrypoint)));
  });
  parentPort?.postMessage({ kind: 'ready' });
} catch (thrown) {
  parentPort?.postMessage({ kind: 'failed', reason: describe(thrown) });
}

function answer(evaluate: () => unknown): object {
  try {
    return { kind: 'value', value: evaluate() };
  } catch (thrown) {
    return { kind: 'failed', reason: describe(thrown) };
  }
}
