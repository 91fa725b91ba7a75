import { expect, it } from 'vitest';
import { Settling } from '../../src/upstream/settling.ts';

it('ends a wait as soon as what has come is enough, and the others go on', async () => {
  const settling = new Settling(['fast', 'slow']);
  let hasCome = false;
  let all = false;
  const enough = settling.settled(60_000, () => hasCome);
  const everything = settling
    .settled(60_000, () => false)
    .then(() => {
      all = true;
    });
  hasCome = true;
  settling.settle('fast');
  await enough;
  expect(all).toBe(false);
  settling.settle('slow');
  await everything;
  expect(all).toBe(true);
});

it('does not wait for what is there already', async () => {
  await expect(new Settling(['slow']).settled(60_000, () => true)).resolves.toBeUndefined();
});
