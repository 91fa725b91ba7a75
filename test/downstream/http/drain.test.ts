import { expect, it } from 'vitest';
import { until } from '../../harness/until.ts';
import { ask, call, modern, openFace, openSession, openStream } from './rig.ts';

it('a drain lets calls in flight finish, ends streams in good order, and lets nobody in', async () => {
  const face = await openFace();
  const headers = await openSession(face);
  const get = await openStream(face, { method: 'GET', headers });
  const listen = await openStream(face, modern('subscriptions/listen', {}, 7));
  const old = await openStream(face, { method: 'GET', path: '/sse' });
  const waiting = ask(face, { headers, body: call(1, 'hold') });
  await until('the call', () => face.host.held.length === 2);
  const drained = face.face.drain(60_000);
  await until('the end of the GET stream', () => get.isOver);
  await expect(ask(face, modern('tools/list'))).rejects.toThrow();
  expect(face.host.isClosed).toBe(false);
  const held = face.host.held.find(({ request }) => request.method === 'tools/call');
  held?.outlet.reply(1, { kind: 'made', result: { late: true } });
  expect((await waiting).json).toMatchObject({ result: { late: true } });
  await drained;
  expect(face.host.isClosed).toBe(true);
  await until('the end of the streams', () => listen.isOver && old.isOver);
  expect(listen.events.at(-1)?.data).toEqual({
    jsonrpc: '2.0',
    id: 7,
    result: { resultType: 'complete' },
  });
});

it('a drain does not wait for ever, and ends whoever is left', async () => {
  const face = await openFace();
  const headers = await openSession(face);
  const legacy = ask(face, { headers, body: call(1, 'hold') });
  const held = ask(face, modern('tools/call', { name: 'hold' }));
  const lost = expect(held).rejects.toThrow();
  await until('the calls', () => face.host.held.length === 2);
  await Promise.all([face.face.drain(10), face.face.drain(10)]);
  await lost;
  expect((await legacy).events).toEqual([]);
  expect(face.host.isClosed).toBe(true);
  expect(face.host.sessions[0]?.open).toBe(false);
});
