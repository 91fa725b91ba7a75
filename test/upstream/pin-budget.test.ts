import { expect, it } from 'vitest';
import { PinBudget } from '../../src/upstream/pin-budget.ts';

const hourMs = 3_600_000;

it('a server gets as many entries in an hour as there are, and the next ones after it', () => {
  const budget = new PinBudget(5);
  const granted = [3, 3, 3].map((wanted) => budget.take('s', wanted, 1000));
  expect(granted).toEqual([3, 2, 0]);
  expect(budget.take('s', 9, 999 + hourMs)).toBe(0);
  expect(budget.take('s', 9, 1000 + hourMs)).toBe(5);
});

it('what one server takes is not taken from another', () => {
  const budget = new PinBudget(5);
  expect(['a', 'b'].map((server) => budget.take(server, 5, 0))).toEqual([5, 5]);
});

it('entries that could not be made may be made later', () => {
  const budget = new PinBudget(5);
  budget.giveBack('s', budget.take('s', 4, 0));
  expect(budget.take('s', 9, 0)).toBe(5);
});

it('a clock that was set back does not make the hour longer', () => {
  const budget = new PinBudget(5);
  budget.take('s', 5, 10 * hourMs);
  expect(budget.take('s', 5, 0)).toBe(5);
});
