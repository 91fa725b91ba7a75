import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RemoteSpec } from '../../src/upstream/server-spec.ts';
import { readHouse } from '../harness/house.ts';
import { rig, scratchFolder, scripted } from './rig.ts';

describe('remote servers', () => {
  it('stand beside processes, and fail by themselves', async () => {
    const { pool } = await rig([remote(), scripted('s')], { backoffMs: () => 60_000 });
    expect(pool.status()).toMatchObject([
      { server: 'far', transport: 'http', era: undefined, state: 'failed' },
      { server: 's', transport: 'stdio', era: 'legacy', state: 'ready', tools: 1 },
    ]);
  });

  it('are closed with the others', async () => {
    const { pool } = await rig([remote()]);
    await pool.close();
    expect(pool.status()[0]).toMatchObject({ state: 'stopped' });
  });

  it('are code that is only loaded when there is one', () => {
    const loaded = [...atOnce('upstream/pool')];
    expect(loaded).toContain('upstream/process-run');
    expect(loaded.filter((name) => name.startsWith('upstream/http/'))).toEqual([]);
  });
});

/** Nobody listens there. */
function remote(): RemoteSpec {
  return {
    kind: 'remote',
    key: 'far',
    prefix: true,
    protocol: 'auto',
    initTimeoutMs: 1_000,
    url: 'http://127.0.0.1:1/mcp',
    transport: 'http',
    headers: {},
    tokenDir: scratchFolder(),
    oauth: undefined,
  };
}

/** The files that are loaded together with one. */
function atOnce(first: string): ReadonlySet<string> {
  const house = readHouse(path.join(import.meta.dirname, '..', '..', 'src'));
  const files = new Map(house.map((file) => [file.name, file]));
  const loaded = new Set<string>();
  const load = (name: string): void => {
    if (loaded.has(name)) return;
    loaded.add(name);
    const { imports = [], text = '' } = files.get(name) ?? {};
    for (const { from, file } of imports) {
      const isLate = text.includes(`import('${from}')`);
      const isType = new RegExp(`import type [^;]*from '${from}'`).test(text);
      if (file !== undefined && !isLate && !isType) load(file);
    }
  };
  load(first);
  return loaded;
}
