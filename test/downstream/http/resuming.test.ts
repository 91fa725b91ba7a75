import { expect, it } from 'vitest';
import { until } from '../../harness/until.ts';
import {
  ask,
  call,
  type Face,
  note,
  openFace,
  openSession,
  openStream,
  type Stream,
} from './rig.ts';

const progress = (at: number) => note('notifications/progress', { progress: at });

/** A call whose stream has shown `progress` 1, and then broke. */
async function broken(face: Face, headers: Record<string, string>): Promise<string> {
  const stream = await streaming(face, headers);
  const last = stream.events.at(-1)?.id;
  stream.req.destroy();
  return last ?? '';
}

async function streaming(face: Face, headers: Record<string, string>): Promise<Stream> {
  const opening = openStream(face, { headers, body: call(1, 'hold') });
  await until('the call', () => face.host.held.length === 1);
  face.host.held[0]?.outlet.notify(progress(1));
  const stream = await opening;
  await until('progress', () => stream.text.includes('"progress":1'));
  return stream;
}

it('a stream that broke is taken up where the client left off', async () => {
  const face = await openFace();
  const headers = await openSession(face);
  const last = await broken(face, headers);
  expect(last).toBe('1-1');
  face.host.held[0]?.outlet.notify(progress(2));
  const again = await openStream(face, {
    method: 'GET',
    headers: { ...headers, 'last-event-id': last },
  });
  await until('what was missed', () => again.events.length === 1);
  face.host.held[0]?.outlet.reply(1, { kind: 'made', result: { late: true } });
  await until('the end', () => again.isOver);
  expect(again.events).toMatchObject([
    { id: '1-2', data: { params: { progress: 2 } } },
    { id: '1-3', data: { id: 1, result: { late: true } } },
  ]);
});

it('an answer that came while nobody was there can be fetched', async () => {
  const face = await openFace();
  const headers = await openSession(face);
  const last = await broken(face, headers);
  face.host.held[0]?.outlet.reply(1, { kind: 'made', result: { late: true } });
  const resume = { method: 'GET', headers: { ...headers, 'last-event-id': last } };
  for (const got of [await ask(face, resume), await ask(face, resume)]) {
    expect(got.events.map(({ data }) => data)).toMatchObject([{ id: 1, result: { late: true } }]);
  }
});

it('the stream of a cancelled request is not taken up', async () => {
  const face = await openFace();
  const headers = await openSession(face);
  const last = await broken(face, headers);
  const params = { requestId: 1 };
  await ask(face, {
    headers,
    body: { jsonrpc: '2.0', method: 'notifications/cancelled', params },
  });
  const resume = { method: 'GET', headers: { ...headers, 'last-event-id': last } };
  expect((await ask(face, resume)).status).toBe(400);
});

it('what nobody comes back for is given up after a while', async () => {
  const face = await openFace({ limits: { replayMs: 1000, pulseMs: 10 } });
  const headers = await openSession(face);
  const last = await broken(face, headers);
  face.host.held[0]?.outlet.reply(1, { kind: 'made', result: {} });
  const resume = { method: 'GET', headers: { ...headers, 'last-event-id': last } };
  await until('the end of what was kept', async () => {
    face.clock.now += 1001;
    return (await ask(face, resume)).status === 400;
  });
});

it.each(['9-1', '1', 'x-y', '-1-0', '1-99999999999999999999'])(
  'an event id that was never given out resumes nothing: %s',
  async (id) => {
    const face = await openFace();
    const headers = await openSession(face);
    const resume = { method: 'GET', headers: { ...headers, 'last-event-id': id } };
    expect((await ask(face, resume)).status).toBe(400);
  },
);

it('the stream of one session is not resumed in another', async () => {
  const face = await openFace();
  const [mine, other] = [await openSession(face), await openSession(face)];
  const last = await broken(face, mine);
  const resume = { method: 'GET', headers: { ...other, 'last-event-id': last } };
  expect((await ask(face, resume)).status).toBe(400);
});

it('only as much is kept as fits, the newest of it', async () => {
  const face = await openFace({ limits: { replayBytes: 300 } });
  const headers = await openSession(face);
  const last = await broken(face, headers);
  for (let at = 2; at < 40; at += 1) face.host.held[0]?.outlet.notify(progress(at));
  face.host.held[0]?.outlet.reply(1, { kind: 'made', result: { late: true } });
  const resume = { method: 'GET', headers: { ...headers, 'last-event-id': last } };
  const { events } = await ask(face, resume);
  expect(events.length).toBeLessThan(5);
  expect(events.at(-1)?.data).toMatchObject({ id: 1, result: { late: true } });
});

it('the GET stream is resumed too, even while the old connection still seems to be there', async () => {
  const face = await openFace();
  const headers = await openSession(face);
  const outlet = face.host.sessions[0]?.client.outlet;
  const first = await openStream(face, { method: 'GET', headers });
  outlet?.notify(progress(1));
  outlet?.notify(progress(2));
  await until('both', () => first.events.length === 3);
  const second = await openStream(face, {
    method: 'GET',
    headers: { ...headers, 'last-event-id': '0-1' },
  });
  await until('the end of the first', () => first.isOver);
  outlet?.notify(progress(3));
  await until('the rest', () => second.events.length === 2);
  expect(second.events).toMatchObject([
    { id: '0-2', data: { params: { progress: 2 } } },
    { id: '0-3', data: { params: { progress: 3 } } },
  ]);
});
