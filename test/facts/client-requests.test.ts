import { afterEach, beforeEach, expect, it } from 'vitest';
import type { PolicyInput } from '../../src/policy/input.ts';
import { callerOf, callOf, decisions, type GateRig, openRig } from '../gate/rig.ts';

let rig: GateRig;
let seen: PolicyInput[];
beforeEach(() => {
  rig = openRig();
  seen = [];
  rig.policy = (input) => {
    seen.push(input);
    return decisions.allow;
  };
});
afterEach(() => rig.close());

it('what a server asks of the client is opened by no tool, and so is not followed', async () => {
  const args = { message: '/secret/gate/x', path: '/etc/passwd' };
  const asked = {
    ...callOf(rig, args),
    action: 'elicitation/create',
    resourceType: 'client',
  } as const;
  await rig.decide(asked, callerOf(), () => rig.target);
  expect(seen.map((input) => input.resource.properties.paths)).toEqual([[]]);
  expect(rig.reached).toHaveLength(1);
});

it('the same for a tool is refused', async () => {
  await rig.decide(callOf(rig, { message: '/secret/gate/x' }), callerOf(), () => rig.target);
  expect(seen).toEqual([]);
  expect(rig.reached).toEqual([]);
});
