import { afterEach, beforeEach, expect, it } from 'vitest';
import { withdraw } from '../../src/approval/withdraw.ts';
import { newRound } from './rounds-matrix.ts';
import { RoundsRig, stateIn } from './rounds-rig.ts';

let rig: RoundsRig;
beforeEach(() => {
  rig = new RoundsRig();
});
afterEach(() => rig.close());

const takenBack = {
  result: {
    isError: true,
    content: [{ text: expect.stringContaining('The request for approval was withdrawn.') }],
  },
};

async function takeBack(): Promise<void> {
  const { id } = await rig.onePending();
  const by = { by: 'os:bob', via: 'terminal', reason: undefined } as const;
  await withdraw({ store: rig.gate.store, clock: Date.now }, id, by);
}

it('a held call ends with a sentence of its own, and nobody is asked anew', async () => {
  const state = stateIn(await rig.send(undefined));
  expect(await rig.wait(state, takeBack)).toMatchObject(takenBack);
  expect(rig.approvalKinds()).toEqual(['requested', 'cancelled']);
  expect(rig.gate.reached).toEqual([]);
});

it('so does the next request of a client that comes back', async () => {
  const state = stateIn(await rig.send(undefined));
  await takeBack();
  expect(await rig.send(state)).toMatchObject(takenBack);
  expect(rig.approvalKinds()).toEqual(['requested', 'cancelled']);
});

it('a yes that was taken back lets nothing through', async () => {
  const state = stateIn(await rig.send(undefined));
  const { id } = await rig.onePending();
  await rig.yes();
  const by = { by: 'os:bob', via: 'terminal', reason: undefined } as const;
  await withdraw({ store: rig.gate.store, clock: Date.now }, id, by);
  expect(await rig.send(state)).toMatchObject(takenBack);
  expect(rig.gate.reached).toEqual([]);
});

it('a new call is a question of its own', async () => {
  await rig.send(undefined);
  await takeBack();
  expect(await rig.send(undefined)).toMatchObject(newRound);
  expect(rig.approvalKinds()).toEqual(['requested', 'cancelled', 'requested']);
});
