import { expect, it } from 'vitest';
import { pick, textAt } from '../harness/message.ts';
import { scratch } from '../harness/scratch.ts';

const count = (args: object) => ({ name: 'raw__count', arguments: args });

it('a held call ends as withdrawn when another process takes it back, and a retry asks anew', async () => {
  const house = await scratch();
  const approver = await house.approver();
  const client = await house.open();
  const call = client.start('tools/call', count({ n: 1 }));
  const [held] = await house.pending();
  const id = textAt(held, 'id');
  const done = await house.cli(['approvals', 'cancel', id, '--reason', 'not needed'], approver);
  expect(done).toMatchObject({ code: 0, stdout: `cancelled ${id}\n` });
  const answer = await client.response(call);
  expect(pick(answer, 'result.isError')).toBe(true);
  expect(textAt(answer, 'result.content.0.text')).toMatch(
    /^The request for approval was withdrawn\. The call did not run: do not repeat it\. \(decision /,
  );
  const again = client.start('tools/call', count({ n: 1 }));
  const [next] = await house.pending();
  expect(textAt(next, 'id')).not.toBe(id);
  await house.cli(['approve', textAt(next, 'id')], approver);
  expect(textAt(await client.response(again), 'result.content.0.text')).toBe('counted');
  expect(house.executed()).toHaveLength(1);
});

it('a request that its client cancels leaves its question open for the retry', async () => {
  const house = await scratch();
  const approver = await house.approver();
  const client = await house.open();
  const call = client.start('tools/call', count({ n: 2 }));
  const [held] = await house.pending();
  client.notify('notifications/cancelled', { requestId: call, reason: 'gone' });
  await house.cli(['approve', textAt(held, 'id')], approver);
  const again = await client.response(client.start('tools/call', count({ n: 2 })));
  expect(textAt(again, 'result.content.0.text')).toBe('counted');
  expect(house.executed()).toHaveLength(1);
});

it('a gate puts its questions under what its config says of credentials, and show says what became of them', async () => {
  const house = await scratch({ config: { approvals: { requireCredential: true } } });
  const approver = await house.approver();
  const client = await house.open();
  const call = client.start('tools/call', count({ n: 3 }));
  const [held] = await house.pending();
  const id = textAt(held, 'id');
  // By now the config says otherwise: the question keeps what it was put under.
  house.configure({ approvals: { requireCredential: false } });
  const show = () => house.read(['approvals', 'show', id]);
  expect(await show()).toMatchObject({ requires_credential: true, state: 'pending' });
  await house.cli(['approve', id], approver);
  await client.response(call);
  expect(await show()).toMatchObject({
    state: 'consumed',
    became: { state: 'done', outcome: 'executed' },
  });
});
