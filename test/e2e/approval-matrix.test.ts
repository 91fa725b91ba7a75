import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Scratch } from '../harness/scratch.ts';
import { carriers } from './carriers/carrier.ts';
import { matrix, proven } from './carriers/matrix.ts';
import { Scene } from './carriers/scene.ts';
import { type TimedOut, timedOut } from './carriers/timed-out.ts';

const asking = { approvals: { mode: 'require_human_approval', hold: { default: '5m' } } };
let patientHouse: Scratch;
let patient: Promise<TimedOut>;

// A minute and a half of waiting, which goes on beside the rest.
beforeAll(() => {
  patientHouse = new Scratch({ config: asking });
  patient = timedOut(patientHouse);
  // It is looked at where it is awaited.
  patient.catch(() => {});
});
afterAll(async () => {
  await patient.catch(() => {});
  await patientHouse.dispose();
});

describe.each(carriers.map((carrier) => [carrier.name, carrier] as const))(
  'a call that waits, carried by %s',
  (_, carrier) => {
    it.each(matrix.map((row) => [row.when, row] as const))('%s', async (_when, row) => {
      await proven(await Scene.open(carrier, row), row);
    });
  },
);

it('a v1 SDK client that gives up after its 60 s gets a yes after 90 s by calling again: it runs once', async () => {
  const { thrown, afterMs, executedBefore, retried } = await patient;
  expect(thrown).toMatchObject({ code: -32001, message: expect.stringContaining('timed out') });
  expect(afterMs).toBeGreaterThanOrEqual(59_000);
  expect(executedBefore).toBe(0);
  expect(retried).toMatchObject({ content: [{ type: 'text', text: 'said' }] });
  expect(patientHouse.executed()).toHaveLength(1);
  expect(await patientHouse.journal('approval.requested')).toHaveLength(1);
  const outcomes = await patientHouse.journal('outcome');
  expect(outcomes.map(({ body }) => body['status'])).toEqual(['executed']);
});
