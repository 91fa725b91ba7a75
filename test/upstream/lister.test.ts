import { describe, expect, it } from 'vitest';
import type { Json } from '../../src/core/json.ts';
import type { Connection } from '../../src/upstream/contract.ts';
import { call, rig, saidIn, scratchStore, scripted, until } from './rig.ts';

const schema = { type: 'object' };

describe('the lists of a server', () => {
  it('are read page by page', async () => {
    const { pool, connection } = await rig([scripted('s')]);
    await setTools(connection('s'), ['a', 'b', 'c', 'd', 'e'].map(tool));
    await until('five tools', () => pool.catalog.list('tools').length === 5);
    expect(pool.catalog.list('tools').map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('are read no more than twice for a hundred changes at once', async () => {
    const { pool, connection, listChanges } = await rig([scripted('s')]);
    await setTools(connection('s'), [tool('a')], 100);
    await until('new tool', () => pool.catalog.tool('s__a'));
    expect(Number(saidIn(await call(connection('s'), 'listings')))).toBeLessThanOrEqual(3);
    expect(listChanges).toEqual(['tools', 'tools']);
  });

  it('are news only when they are others than before', async () => {
    const { pool, connection, listChanges } = await rig([scripted('s')]);
    const { revision } = pool.catalog;
    await setTools(connection('s'), [tool('echo')]);
    await untilListings(connection('s'), 2);
    expect([listChanges, pool.catalog.revision]).toEqual([['tools'], revision]);
  });

  it('end where there are too many, which the status says, and the log once', async () => {
    const { pool, connection, logged } = await rig([scripted('s')], { listTools: 3 });
    await setTools(connection('s'), ['a', 'b', 'c', 'd'].map(tool));
    await until('tools', () => pool.catalog.list('tools').length === 3);
    const reason = 'more than 3 are listed, the rest is withheld';
    expect(pool.status()[0]?.withheld).toEqual([{ name: 'tools', reason }]);
    await setTools(connection('s'), ['e', 'f', 'g', 'h'].map(tool));
    await until('tools', () => pool.catalog.tool('s__e'));
    expect(logged).toEqual([
      `not all that the server lists is taken {"server":"s","kind":"tools","reason":"${reason}"}`,
    ]);
  });

  it('end before a page that makes them too long, which the status says', async () => {
    const { pool, connection } = await rig([scripted('s')], { listBytes: 1000 });
    const long = { name: 'c', description: 'x'.repeat(1000), inputSchema: schema };
    await setTools(connection('s'), [tool('a'), tool('b'), long, tool('d')]);
    await until('tools', () => pool.catalog.tool('s__a'));
    expect(pool.catalog.list('tools').map(({ name }) => name)).toEqual(['a', 'b']);
    const reason = 'more than 1000 bytes are listed, the rest is withheld';
    expect(pool.status()[0]?.withheld).toEqual([{ name: 'tools', reason }]);
  });

  it('leave out tools that are new or changed more often than may be recorded', async () => {
    const { pool, connection, logged } = await rig([scripted('s')], {}, scratchStore(), 3);
    // The first tool of the server is the first of the three entries.
    await setTools(connection('s'), ['a', 'b', 'c', 'd', 'echo'].map(tool));
    await until('tools', () => pool.catalog.tool('s__b'));
    expect(pool.catalog.list('tools').map(({ name }) => name)).toEqual(['a', 'b', 'echo']);
    expect(pool.catalog.tool('s__echo')?.pinState).toBe('pinned');
    const reason =
      'more of them are new or changed than may be recorded in an hour, those are withheld';
    expect(pool.status()[0]?.withheld).toEqual([{ name: 'tools', reason }]);
    await setTools(connection('s'), [{ name: 'a', inputSchema: schema, changed: 1 }]);
    await until('none', () => pool.catalog.list('tools').length === 0);
    expect(logged).toHaveLength(1);
  });

  it('end after too many pages, which the status says', async () => {
    const { pool, connection } = await rig([scripted('s')], { listPages: 2 });
    await setTools(connection('s'), ['a', 'b', 'c', 'd', 'e'].map(tool));
    await until('tools', () => pool.catalog.list('tools').length === 4);
    const reason = 'more than 2 pages are listed, the rest is withheld';
    expect(pool.status()[0]?.withheld).toEqual([{ name: 'tools', reason }]);
  });

  it('stay as they were when the new ones cannot be had, which the status says', async () => {
    const { pool, connection } = await rig([scripted('s')]);
    await call(connection('s'), 'set_tools', { list: { length: 1 } });
    await until('fault', () => pool.status()[0]?.reason);
    expect(pool.status()[0]?.reason).toBe('result of "tools/list" has no "tools"');
    expect(pool.catalog.tool('s__echo')?.name).toBe('echo');
    await setTools(connection('s'), [tool('again')]);
    await until('new tool', () => pool.catalog.tool('s__again'));
    expect(pool.status()[0]?.reason).toBeUndefined();
  });

  it('keep numbers in schemas that a double cannot hold', async () => {
    const { pool, connection } = await rig([scripted('s')]);
    const big = { type: 'object', properties: { n: { maximum: 2 ** 63 } } };
    await setTools(connection('s'), [{ name: 'big', inputSchema: big }]);
    const found = await until('tool', () => pool.catalog.tool('s__big'));
    expect(found.definition).toEqual({ name: 's__big', inputSchema: big });
  });
});

function tool(name: string): Json {
  return { name, inputSchema: schema };
}

async function setTools(connection: Connection, list: readonly Json[], times = 1): Promise<void> {
  expect(saidIn(await call(connection, 'set_tools', { list, times }))).toBe('set');
}

async function untilListings(connection: Connection, count: number): Promise<void> {
  for (;;) {
    if (Number(saidIn(await call(connection, 'listings'))) >= count) return;
  }
}
