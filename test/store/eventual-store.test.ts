import { expect, test } from 'vitest';
import { GateError } from '../../src/core/errors.ts';
import type { Posting } from '../../src/store/contract.ts';
import { openEventually } from '../../src/store/eventual-store.ts';
import { decision, expectSound, openScratch, scratchFolder } from './scratch.ts';

const posting: Posting = {
  entry: { ...decision('d1'), kind: 'decision', decisionId: 'd1' },
  commitments: {},
  payload: undefined,
  begins: undefined,
  ends: false,
};

test('a store that cannot open refuses by the promise of a write, and writes once it has opened', async () => {
  let nowMs = 0;
  let isThere = false;
  const dir = scratchFolder();
  const store = openEventually(
    () => {
      if (isThere) return openScratch(dir);
      throw new GateError('store_unavailable', 'disk is full');
    },
    () => nowMs,
  );
  const answers = [
    store.post('decision', posting),
    store.write('decision', (tx) => tx.append(decision('d2'))),
  ];
  for (const answer of answers) {
    await expect(answer).rejects.toMatchObject({ code: 'store_unavailable' });
  }
  isThere = true;
  nowMs = 1_000;
  await store.post('decision', posting);
  expectSound(store, 1);
});
