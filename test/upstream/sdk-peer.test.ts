import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ProcessSpec } from '../../src/upstream/server-spec.ts';
import { ask, eraRig } from './era-rig.ts';
import { hello, modernHello, responseOf, scripted, until, valueIn } from './rig.ts';

const fixture = path.join(import.meta.dirname, '..', 'fixtures', 'sdk-modern-server.mjs');

describe('a server that others have built', () => {
  const rows = [
    { name: 'both eras, a legacy client', server: 'dual', hello, era: 'legacy' },
    { name: 'both eras, a modern client', server: 'dual', hello: modernHello, era: 'modern' },
    { name: 'the modern era, a legacy client', server: 'modern', hello, era: 'modern' },
    {
      name: 'the modern era, a modern client',
      server: 'modern',
      hello: modernHello,
      era: 'modern',
    },
  ];
  it.each(rows)('tells of its changes: $name', async (row) => {
    const { pool, connection, notifications } = await eraRig(sdkServer(row.server), {
      hello: row.hello,
    });
    expect(connection('s').era).toBe(row.era);
    expect(await ask(connection('s'), 'add_tool', { name: 'new' })).toBe('added');
    await until('new tool', () => pool.catalog.tool('s__new'));
    const delivery = await connection('s').subscribe('test://a', true);
    expect(valueIn(responseOf(delivery))).toEqual({});
    expect(await ask(connection('s'), 'update', { uri: 'test://a' })).toBe('told');
    await until('news', () => notifications.length > 0);
    expect(notifications).toMatchObject([
      { method: 'notifications/resources/updated', params: { uri: 'test://a' } },
    ]);
    expect(notifications[0]?.params).toEqual({ uri: 'test://a' });
  });
});

function sdkServer(eras: string): ProcessSpec {
  return { ...scripted('s'), args: [fixture, eras] };
}
