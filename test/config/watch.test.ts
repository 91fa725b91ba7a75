import { rmSync } from 'node:fs';
import { afterEach, expect, it, vi } from 'vitest';
import { watchConfig } from '../../src/config/watch.ts';
import { scratch } from './scratch.ts';

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

type Change = Parameters<Parameters<typeof watchConfig>[2]>[0];

function watch(file: string): Change[] {
  const changes: Change[] = [];
  stops.push(watchConfig(file, { env: {}, servers: 'expand' }, (change) => changes.push(change)));
  return changes;
}

it('an edit of the file arrives as a config, a mistake as its error, and the next edit as a config again', async () => {
  const { write } = scratch();
  const file = write('c.json', '{"mcpServers": {}, "mode": "observe"}');
  const changes = watch(file);
  write('c.json', '{"mcpServers": {}, "mode": "enforce"}');
  await vi.waitFor(() => expect(changes.length).toBe(1), { timeout: 5000 });
  write('c.json', '{"mcpServers": {}, "mode": "no such mode"}');
  await vi.waitFor(() => expect(changes.length).toBe(2), { timeout: 5000 });
  rmSync(file);
  await vi.waitFor(() => expect(changes.length).toBe(3), { timeout: 5000 });
  write('c.json', '{"mcpServers": {}, "mode": "observe"}');
  await vi.waitFor(() => expect(changes.length).toBe(4), { timeout: 5000 });
  expect(
    changes.map((each) => (each.kind === 'loaded' ? each.config.mode : each.error.code)),
  ).toEqual(['enforce', 'config_invalid', 'config_missing', 'observe']);
});
