import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createCompiler } from '../../src/policy/compiler.ts';
import { compileModule } from '../../src/policy/policy-module.ts';
import { startWorkers, type Workers } from '../../src/policy/worker.ts';
import { hostilePolicy } from './hostile-policy.ts';

// The thread is built JavaScript, as the compiler's child is: run `npm run build` before these tests.
const compiler = createCompiler();
afterAll(() => compiler.close());

let module: WebAssembly.Module;
beforeAll(async () => {
  const { wasm } = await compiler.build(hostilePolicy, ['gate/decision', 'gate/visible']);
  module = await compileModule(wasm);
});

async function start(timeLimitMs: number, memoryPages = 65_536): Promise<Workers> {
  const workers = await startWorkers({ module, dataText: '{}', memoryPages }, timeLimitMs);
  onTestFinished(() => workers.close());
  return workers;
}

const ask = (workers: Workers, name: string, value: unknown = null) =>
  workers.evaluate(JSON.stringify({ case: name, value }), 'gate/decision');

/** So many that comparing all of these with all of those, in one call of a builtin, takes seconds. */
const texts = (start: string) => Array.from({ length: 20_000 }, (_, at) => `${start}${at}`);

describe('a policy in a worker', () => {
  test('answers in the order of the questions', async () => {
    const workers = await start(10_000);
    const answers = await Promise.all([1, 2, 3, 4].map((value) => ask(workers, 'echo', value)));
    expect(answers).toEqual([1, 2, 3, 4]);
  });

  test('ends a runaway evaluation at the time limit, and the standby serves what waited', async () => {
    const workers = await start(250);
    const slow = JSON.stringify({ case: 'slow', texts: texts('x'), prefixes: texts('y') });
    const results = await Promise.allSettled([
      ask(workers, 'echo', 1),
      workers.evaluate(slow, 'gate/decision'),
      ask(workers, 'echo', 2),
      workers.evaluate(slow, 'gate/decision'),
      ask(workers, 'echo', 3),
    ]);
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(results[1]).toMatchObject({
      reason: { code: 'policy_timeout', message: 'policy evaluation took longer than 250 ms' },
    });
  });

  test('an evaluation that fails does not cost the thread', async () => {
    const workers = await start(10_000, 64);
    await expect(ask(workers, 'conflict')).rejects.toMatchObject({ code: 'policy_engine' });
    await expect(ask(workers, 'loop')).rejects.toMatchObject({ code: 'policy_engine' });
    expect(await ask(workers, 'echo', 'well')).toBe('well');
  });

  test('a loop ends by its steps, as it does without a worker', async () => {
    const workers = await start(10_000);
    await expect(ask(workers, 'loop')).rejects.toMatchObject({
      code: 'policy_engine',
      message: 'policy used up its steps',
    });
  });

  test('a policy that cannot be loaded is policy_engine at once', async () => {
    const starting = startWorkers({ module, dataText: '{', memoryPages: 64 }, 250);
    await expect(starting).rejects.toMatchObject({
      code: 'policy_engine',
      message: 'failed to load the policy: failed to parse json value',
    });
  });

  test('close lets what was asked finish, and refuses what comes after', async () => {
    const workers = await start(10_000);
    const asked = ask(workers, 'echo', 1);
    const closed = workers.close();
    await expect(ask(workers, 'echo', 2)).rejects.toMatchObject({
      code: 'policy_engine',
      message: 'policy worker is closed',
    });
    await closed;
    expect(await asked).toBe(1);
  });
});
