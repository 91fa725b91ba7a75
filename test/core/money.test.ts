import fc from 'fast-check';
import { expect, it } from 'vitest';
import { noTariff, tariffCost } from '../../src/core/budget.ts';
import { formatUsd, maxAmount, parseMicroUsd, parseNanoUsd, sum } from '../../src/core/money.ts';

it.each([
  ['0', 0, 0],
  ['5', 5_000_000, 5_000_000],
  ['0.01', 10_000, 10_000],
  ['0.0000001', 1, 0],
  ['1.0000019', 1_000_002, 1_000_001],
  ['1e-7', 1, 0],
  ['1.5E+3', 1_500_000_000, 1_500_000_000],
  ['1e-999', 1, 0],
  ['0e999', 0, 0],
  ['1e999', maxAmount, maxAmount],
  ['9'.repeat(30), maxAmount, maxAmount],
])('%s is %d millionths rounded up, %d rounded down', (text, up, down) => {
  expect([parseMicroUsd(text, 'up'), parseMicroUsd(text, 'down')]).toEqual([up, down]);
});

it.each([
  '',
  '-1',
  '+1',
  '.5',
  '1.',
  '1,5',
  '0x1',
  'NaN',
  'Infinity',
  ' 1',
  '1 ',
  '1e',
  '1e1.5',
  '1e9999',
  '１',
])('%j is no amount', (text) =>
  expect([parseMicroUsd(text, 'up'), parseNanoUsd(text, 'down')]).toEqual([undefined, undefined]),
);

const micros = fc.integer({ min: 0, max: maxAmount });

it('what is written of an amount reads as the same amount', () => {
  fc.assert(
    fc.property(micros, (amount) => {
      expect(parseMicroUsd(formatUsd(amount), 'up')).toBe(amount);
      expect(parseMicroUsd(formatUsd(amount), 'down')).toBe(amount);
      expect(formatUsd(amount)).toMatch(/^\d+(\.\d*[1-9])?$/);
    }),
  );
});

it('what floats write is read exactly: up is never below, down never above, and they are one apart at most', () => {
  const float = fc.double({ min: 0, max: 1e9, noNaN: true });
  fc.assert(
    fc.property(float, (value) => {
      const [up = -1, down = -1] = [
        parseMicroUsd(String(value), 'up'),
        parseMicroUsd(String(value), 'down'),
      ];
      expect(up - down).toBeLessThanOrEqual(1);
      expect(up).toBeGreaterThanOrEqual(down);
      expect(Math.abs(up - value * 1e6)).toBeLessThanOrEqual(1.001 + value * 1e-9);
    }),
  );
});

it('sums stay exact: they stop where counting ends', () => {
  fc.assert(
    fc.property(micros, micros, (a, b) => {
      expect(BigInt(sum(a, b))).toBe(
        BigInt(a) + BigInt(b) > maxAmount ? BigInt(maxAmount) : BigInt(a) + BigInt(b),
      );
    }),
  );
});

const nano = fc.bigInt({ min: 0n, max: 10n ** 18n });
const size = fc.integer({ min: 0, max: 1_000_000_000 });
const tariffs = fc.record({ perCall: nano, perKbIn: nano, perKbOut: nano });

it('a price is the exact one rounded up, once', () => {
  fc.assert(
    fc.property(tariffs, size, size, (prices, bytesIn, bytesOut) => {
      const cost = BigInt(tariffCost({ ...noTariff, ...prices }, bytesIn, bytesOut));
      // In 1e-12 dollars, exactly.
      const exact =
        prices.perCall * 1000n +
        prices.perKbIn * BigInt(bytesIn) +
        prices.perKbOut * BigInt(bytesOut);
      if (cost < maxAmount) {
        expect(cost * 1_000_000n).toBeGreaterThanOrEqual(exact);
        expect((cost - 1n) * 1_000_000n).toBeLessThan(exact === 0n ? 1n : exact);
      } else expect(exact).toBeGreaterThan(BigInt(maxAmount - 1) * 1_000_000n);
    }),
  );
});

it('what is known before the call is never more than what it costs in the end', () => {
  fc.assert(
    fc.property(tariffs, size, size, (prices, bytesIn, bytesOut) => {
      const tariff = { ...noTariff, ...prices };
      expect(tariffCost(tariff, bytesIn)).toBeLessThanOrEqual(
        tariffCost(tariff, bytesIn, bytesOut),
      );
    }),
  );
});
