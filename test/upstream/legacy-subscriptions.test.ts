import { describe, expect, it } from 'vitest';
import type { Delivery } from '../../src/core/answer.ts';
import type { Connection } from '../../src/upstream/contract.ts';
import type { UpstreamLimits } from '../../src/upstream/limits.ts';
import { ask, eraRig, eraServer } from './era-rig.ts';
import { hello, responseOf, valueIn } from './rig.ts';

const a = 'test://a';
const none = 'test://none';
const empty = {};
const refusal = { code: -32002, message: 'no such resource' };

describe('the resources of a legacy server', () => {
  it('are subscribed to once, until that is taken back', async () => {
    const connection = await legacy();
    for (const wanted of [true, true, false, true]) {
      expect(await said(connection.subscribe(a, wanted))).toEqual(empty);
    }
    expect(await requests(connection)).toEqual([
      ['resources/subscribe', { uri: a }],
      ['resources/unsubscribe', { uri: a }],
      ['resources/subscribe', { uri: a }],
    ]);
  });

  it('are unsubscribed from where a request of the client had subscribed to them', async () => {
    const connection = await legacy();
    expect(await said(connection.subscribe(a, false))).toEqual(empty);
    expect(await requests(connection)).toEqual([['resources/unsubscribe', { uri: a }]]);
  });

  it('are refused as the server refuses them, to all who asked meanwhile', async () => {
    const connection = await legacy();
    const both = [connection.subscribe(none, true), connection.subscribe(none, true)];
    expect(await Promise.all(both.map(said))).toEqual([refusal, refusal]);
    expect(await said(connection.subscribe(none, true))).toEqual(refusal);
    expect((await requests(connection)).map(([method]) => method)).toEqual([
      'resources/subscribe',
      'resources/subscribe',
    ]);
  });

  it('can be so many at once', async () => {
    const connection = await legacy({ subscribedUris: 1 });
    await connection.subscribe(a, true);
    const reason = 'news of 1 resources are subscribed to already';
    expect(await connection.subscribe('test://b', true)).toEqual({ kind: 'unsent', reason });
    expect(await said(connection.subscribe(a, true))).toEqual(empty);
  });
});

async function legacy(limits: Partial<UpstreamLimits> = {}): Promise<Connection> {
  const { connection } = await eraRig(eraServer({ era: 'legacy' }), { hello }, limits);
  return connection('s');
}

async function said(delivery: Promise<Delivery>): Promise<unknown> {
  return valueIn(responseOf(await delivery));
}

/** What the server got about subscriptions. */
async function requests(connection: Connection): Promise<readonly [string, unknown][]> {
  const seen: { method: string; params: unknown }[] = JSON.parse(
    JSON.stringify(await ask(connection, 'seen')),
  );
  return seen
    .filter(({ method }) => method.endsWith('subscribe'))
    .map(({ method, params }) => [method, params]);
}
