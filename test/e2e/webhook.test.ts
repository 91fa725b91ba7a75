import { expect, it } from 'vitest';
import { decisionOf } from '../harness/message.ts';
import { scratch } from '../harness/scratch.ts';
import { until } from '../harness/until.ts';
import { startWebhook } from '../harness/webhook.ts';

const secret = 'hunter2-hunter2-hunter2';

it('a gate tells of a call that waits, once, and of no arguments', async () => {
  const { url, taken } = await startWebhook(503);
  const notify = [{ type: 'webhook', url, secret }];
  const house = await scratch({ config: { approvals: { hold: { default: '0s' }, notify } } });
  const client = await house.open();
  const call = () =>
    client.request('tools/call', { name: 'raw__count', arguments: { note: 'private' } });
  const { approval_id: id } = decisionOf(await call());
  await call();
  await until('the second try', async () => taken.length === 2);
  for (const { headers, body } of taken) {
    expect(JSON.parse(body)).toMatchObject({
      type: 'approval.requested',
      data: { id, server: 'raw', tool: 'count' },
    });
    expect(body).not.toContain('private');
    expect(headers['webhook-id']).toBe(`msg_${id}`);
    expect(headers['webhook-signature']).toMatch(/^v1,/);
  }
  expect(client.stderr).not.toContain(secret);
});
