import { expect, it } from 'vitest';
import type { JsonObject } from '../../src/core/json.ts';
import { resolveCall } from '../../src/downstream/tool-calls.ts';
import { LiveCatalog } from '../../src/upstream/catalog.ts';
import type { PinBook } from '../../src/upstream/pins.ts';

const pins: PinBook = {
  observe: async () => new Map(),
  state: () => 'pinned',
  accept: async () => [],
  list: () => [],
};

it('lets a tool call reach the other tools of the catalog as they are then, and other requests none', () => {
  const servers = ['a', 'b'].map((key) => ({ key, prefix: true }));
  const catalog = new LiveCatalog({ servers, pins, onListChanged: () => {} });
  const list = (server: string, items: readonly JsonObject[]) =>
    catalog.setTools(server, { items, cut: undefined }, new Map());
  list('a', [{ name: 'delete' }]);
  list('b', [{ name: 'trash' }]);
  catalog.setList('a', 'prompts', { items: [{ name: 'ask' }], cut: undefined });

  const call = resolved(catalog, 'tools/call', { name: 'a__delete' });
  const trash = call.sibling('b', 'trash');
  expect(trash?.()).toBe(catalog.tool('b__trash'));
  expect(call.sibling('a', 'trash')).toBeUndefined();
  expect(call.sibling('b', 'b__trash')).toBeUndefined();
  list('b', []);
  expect(trash?.()).toBeUndefined();
  expect(
    resolved(catalog, 'prompts/get', { name: 'a__ask' }).sibling('a', 'delete'),
  ).toBeUndefined();
});

function resolved(catalog: LiveCatalog, method: string, params: JsonObject) {
  const request = { kind: 'request', id: 1, method, params, extras: undefined } as const;
  const answer = resolveCall(request, catalog, 'legacy');
  if (answer.kind !== 'call') throw new Error(answer.error.message);
  return answer.call;
}
