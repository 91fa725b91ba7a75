import { expect, it } from 'vitest';
import { entryLines } from '../../src/cli/trace-lines.ts';

it('a question says in what it differs from another, and from which', () => {
  const entry = {
    kind: 'approval.requested',
    time: '2026-01-02T03:04:05.000Z',
    approval_id: 'ap_new',
    differs: ['pin', 'policy'],
    differs_from: 'ap_old',
  };
  expect(entryLines(entry, (_, text) => text)).toEqual([
    '2026-01-02T03:04:05.000Z  approval.requested  ap_new',
    '  differs   pin, policy',
    '  from      ap_old',
  ]);
});
