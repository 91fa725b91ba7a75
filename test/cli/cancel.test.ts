import { userInfo } from 'node:os';
import { expect, it } from 'vitest';
import { ask, cli, house } from './rig.ts';

const me = userInfo().username;

async function asked(requester = `os:${me}`) {
  let id = '';
  const place = await house(async (store) => {
    id = await ask(store, { requester });
  });
  const stateOf = async () => {
    const { stdout } = await cli(['approvals', 'show', id, '--format', 'json'], { env: place.env });
    return JSON.parse(stdout);
  };
  return { ...place, id, stateOf };
}

it('takes back what the own agent asked, at a terminal', async () => {
  const { env, id, stateOf } = await asked();
  const done = await cli(['approvals', 'cancel', id, '--reason', 'wrong file'], { env, typed: '' });
  expect(done).toEqual({ code: 0, stdout: `cancelled ${id}\n`, stderr: '' });
  expect(await stateOf()).toMatchObject({ state: 'cancelled', decision_reason: 'wrong file' });
  const again = await cli(['approvals', 'cancel', id], { env, typed: '' });
  expect(again.code).toBe(1);
  expect(again.stderr).toBe(`error: approval "${id}" is cancelled, expected pending or approved\n`);
});

it('does not take back what somebody else asked: exit 1', async () => {
  const { env, id, stateOf } = await asked('os:somebody');
  const done = await cli(['approvals', 'cancel', id], { env, typed: '' });
  expect(done.code).toBe(1);
  expect(done.stderr).toContain(`"${me}" did not ask for this call`);
  expect(await stateOf()).toMatchObject({ state: 'pending' });
});

it('takes an approver for anybody, and without a terminal nobody else', async () => {
  const { env, id, stateOf } = await asked('os:somebody');
  expect((await cli(['approvals', 'cancel', id], { env })).code).toBe(2);
  const added = await cli(['approvers', 'add', 'alice'], { env });
  const proven = { ...env, MCP_GATE_APPROVER: added.stdout.trim() };
  expect((await cli(['approvals', 'cancel', id], { env: proven })).stdout).toBe(
    `cancelled ${id}\n`,
  );
  expect(await stateOf()).toMatchObject({ state: 'cancelled' });
});
