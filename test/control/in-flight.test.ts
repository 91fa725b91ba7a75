import { expect, it } from 'vitest';
import { InFlightCalls, untilFrozen } from '../../src/control/in-flight.ts';
import { Lifetime } from '../../src/core/lifetime.ts';

const scopeOf = (server: string) => ({ server, tool: 'read', subject: null });
const inFiles = ({ server }: { readonly server: string }) => server === 'files';

it('ends the calls in scope, says how many, and leaves the others running', () => {
  const calls = new InFlightCalls();
  const [one, two, other] = [new Lifetime(), new Lifetime(), new Lifetime()];
  calls.enter(scopeOf('files'), one);
  calls.enter(scopeOf('files'), two);
  calls.enter(scopeOf('git'), other);
  expect(calls.cancel(inFiles)).toBe(2);
  expect([one.ended, two.ended, other.ended]).toEqual(['frozen', 'frozen', undefined]);
  expect(calls.cancel(() => true)).toBe(1);
  expect(other.ended).toBe('frozen');
});

it('a call that has its answer is not there any more', () => {
  const calls = new InFlightCalls();
  const [one, other] = [new Lifetime(), new Lifetime()];
  const leave = calls.enter(scopeOf('files'), one);
  calls.enter(scopeOf('files'), other);
  leave();
  leave();
  expect(calls.cancel(inFiles)).toBe(1);
  expect([one.ended, other.ended]).toEqual([undefined, 'frozen']);
});

it('a call that is entered while others end stays in flight', () => {
  const calls = new InFlightCalls();
  const [one, late] = [new Lifetime(), new Lifetime()];
  one.onEnd(() => calls.enter(scopeOf('files'), late));
  calls.enter(scopeOf('files'), one);
  expect(calls.cancel(inFiles)).toBe(1);
  expect(late.ended).toBeUndefined();
  expect(calls.cancel(inFiles)).toBe(1);
});

it('waits for the end of a call until the operator stops it, and for nobody else', async () => {
  const lifetime = new Lifetime();
  const never = new Promise<string>(() => {});
  const waits = untilFrozen(never, lifetime);
  lifetime.end('frozen');
  expect(await waits).toBeUndefined();
  const cancelled = new Lifetime();
  const answer = untilFrozen(Promise.resolve('answer'), cancelled);
  cancelled.end('the caller cancelled');
  expect(await answer).toBe('answer');
  await expect(untilFrozen(Promise.reject(new Error('broken')), new Lifetime())).rejects.toThrow(
    'broken',
  );
});
