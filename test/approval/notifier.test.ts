import { createHmac } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { noticeOf, signedHeaders } from '../../src/approval/notices/notice.ts';
import { Notifier, type Webhook } from '../../src/approval/notices/notifier.ts';
import { startWebhook } from '../harness/webhook.ts';
import { deskScratch, startMs } from './desk-scratch.ts';

const secret = 'hunter2-hunter2-hunter2';

async function notice() {
  const { ask } = deskScratch();
  return noticeOf(await ask(), 'write_file');
}

function notifier(url: string, change: { nowMs?: number; waitsMs?: readonly number[] } = {}) {
  const { nowMs = startMs, waitsMs = [1, 1] } = change;
  const warned: object[] = [];
  const webhooks: readonly Webhook[] = [{ url, secret }];
  const parts = { webhooks: () => webhooks, clock: () => nowMs, waitsMs };
  const made = new Notifier({ ...parts, warn: (about) => warned.push(about) });
  return { made, warned };
}

describe('a notice', () => {
  it('says what waits, and nothing of what is in it', async () => {
    const { id, body, expiresMs } = await notice();
    const { type, data } = JSON.parse(body);
    expect(type).toBe('approval.requested');
    expect(data).toEqual({
      id: id.slice('msg_'.length),
      server: 'files',
      tool: 'write_file',
      reason: 'writes outside the workspace need a yes',
      requester: 'os:rita',
      expires: new Date(expiresMs).toISOString(),
    });
    expect(body).not.toContain('/etc/hosts');
  });

  it('is signed over id, time and body', () => {
    const given = { id: 'msg_1', body: '{"a":1}', expiresMs: 0 };
    const headers = signedHeaders(given, secret, 1_700_000_000_999);
    const signed = createHmac('sha256', secret).update('msg_1.1700000000.{"a":1}');
    expect(headers).toMatchObject({
      'webhook-id': 'msg_1',
      'webhook-timestamp': '1700000000',
      'webhook-signature': `v1,${signed.digest('base64')}`,
    });
  });

  // The example of https://github.com/standard-webhooks/standard-webhooks, as its libraries check it.
  it('takes a secret in base64 behind "whsec_"', () => {
    const given = {
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      body: '{"test": 2432232314}',
      expiresMs: 0,
    };
    const headers = signedHeaders(
      given,
      'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      1_614_265_330_000,
    );
    expect(headers['webhook-signature']).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });
});

describe('a webhook', () => {
  it('gets it once when it takes it', async () => {
    const { url, taken } = await startWebhook();
    const { made, warned } = notifier(url);
    const given = await notice();
    made.tell(given);
    await vi.waitFor(() => expect(taken).toHaveLength(1));
    await made.close();
    expect(taken.map(({ body }) => body)).toEqual([given.body]);
    expect(taken[0]?.headers).toMatchObject(signedHeaders(given, secret, startMs));
    expect(warned).toEqual([]);
  });

  it.each([[500], [429], [302]])(
    'that answers with %i is tried again, with the same id',
    async (status) => {
      const { url, taken } = await startWebhook(status, status);
      const { made, warned } = notifier(url);
      made.tell(await notice());
      await vi.waitFor(() => expect(taken).toHaveLength(3));
      await made.close();
      expect(new Set(taken.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
      expect(warned).toEqual([]);
    },
  );

  it.each<[name: string, statuses: readonly number[], tries: number, cause: string]>([
    ['after the last try', [500, 502, 503], 3, 'status 503'],
    ['at once where another try would come to the same', [404], 1, 'status 404'],
  ])(
    'is given up %s, and the log says where without the path',
    async (_, statuses, tries, cause) => {
      const { url, taken } = await startWebhook(...statuses);
      const { made, warned } = notifier(url);
      made.tell(await notice());
      await vi.waitFor(() => expect(warned).toHaveLength(1));
      await made.close();
      expect(taken).toHaveLength(tries);
      expect(warned).toEqual([{ webhook: new URL(url).origin, cause }]);
    },
  );

  it('is not tried again once the approval has expired', async () => {
    const { url, taken } = await startWebhook(500);
    const given = await notice();
    const { made, warned } = notifier(url, { nowMs: given.expiresMs });
    made.tell(given);
    await vi.waitFor(() => expect(warned).toHaveLength(1));
    await made.close();
    expect(taken).toHaveLength(1);
  });

  it('that nobody listens at is given up', async () => {
    const { made, warned } = notifier('http://127.0.0.1:1/hook/private-token');
    made.tell(await notice());
    await vi.waitFor(() => expect(warned).toHaveLength(1));
    await made.close();
    expect(JSON.stringify(warned)).not.toContain('private-token');
  });

  it('is not waited for when the gate ends', async () => {
    const { url, taken } = await startWebhook(500);
    const { made, warned } = notifier(url, { waitsMs: [600_000] });
    made.tell(await notice());
    await vi.waitFor(() => expect(taken).toHaveLength(1));
    await made.close();
    expect(warned).toMatchObject([{ cause: 'status 500' }]);
    made.tell(await notice());
    await made.close();
    expect(taken).toHaveLength(1);
  });

  it('has a bounded number of notices under way', async () => {
    const { url } = await startWebhook(...Array.from({ length: 200 }, () => 500));
    const { made, warned } = notifier(url, { waitsMs: [600_000] });
    const given = await notice();
    for (let count = 0; count < 103; count += 1) made.tell(given);
    expect(warned).toHaveLength(3);
    expect(warned[0]).toMatchObject({ cause: 'too many notices under way' });
    await made.close();
  });
});
