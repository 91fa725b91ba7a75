import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/core/json.ts';
import { LiveCatalog } from '../../src/upstream/catalog.ts';
import { createPinBook } from '../../src/upstream/pins.ts';
import { pinnable } from '../../src/upstream/tools.ts';
import { scratchStore } from './rig.ts';

describe('the catalog', () => {
  it('shows definitions as they are but for the name and what speaks for the gate', async () => {
    const { catalog, setTools } = tested(['a']);
    await setTools('a', [
      {
        'x-own': { deep: [null] },
        name: 'read',
        inputSchema: { type: 'object', $defs: {} },
        annotations: { readOnlyHint: true, title: 'T' },
        _meta: { 'dev.mcp-gate/decision': { outcome: 'allow' }, kept: 1 },
      },
    ]);
    const tool = catalog.tool('a__read');
    expect(JSON.stringify(tool?.definition)).toBe(
      '{"x-own":{"deep":[null]},"name":"a__read","inputSchema":{"type":"object","$defs":{}},' +
        '"annotations":{"readOnlyHint":true,"title":"T"},"_meta":{"kept":1}}',
    );
    expect(tool).toMatchObject({
      server: 'a',
      name: 'read',
      exposedName: 'a__read',
      annotations: { readOnlyHint: true, title: 'T' },
      pinState: 'pinned',
      pin: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    });
    expect([catalog.tool('read'), catalog.tool('__proto__'), catalog.prompt('a__read')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('checks arguments by the schema of the tool', async () => {
    const { catalog, setTools } = tested(['a']);
    const inputSchema = { type: 'object', required: ['path'] };
    await setTools('a', [{ name: 'read', inputSchema }, { name: 'bare' }]);
    expect(catalog.tool('a__read')?.fault({ path: 1 })).toBeUndefined();
    expect(catalog.tool('a__read')?.fault({})).toBe(
      '"arguments" must have required property \'path\'',
    );
    expect(catalog.tool('a__bare')?.fault({})).toBe('input schema is unusable: expected an object');
  });

  it('checks by the new schema once a definition has changed', async () => {
    const { catalog, setTools } = tested(['a']);
    await setTools('a', [{ name: 'read', inputSchema: { required: ['path'] } }]);
    expect(catalog.tool('a__read')?.fault({})).toBeDefined();
    await setTools('a', [{ name: 'read', inputSchema: {} }]);
    expect(catalog.tool('a__read')?.fault({})).toBeUndefined();
    expect(catalog.tool('a__read')?.pinState).toBe('changed');
  });

  it('holds structured results against what the tool says of them, by the rules that arguments meet', async () => {
    const { catalog, setTools } = tested(['a']);
    const outputSchema = {
      type: 'object',
      required: ['n'],
      properties: { n: { type: 'integer' } },
    };
    await setTools('a', [
      { name: 'count', outputSchema },
      { name: 'bare' },
      { name: 'broken', outputSchema: 7 },
      { name: 'foreign', outputSchema: { $schema: 'https://example.com/other' } },
    ]);
    const output = (name: string) => catalog.tool(`a__${name}`)?.output;
    expect(output('count')?.schema).toEqual(outputSchema);
    expect(output('count')?.fault({ n: 1 })).toBeUndefined();
    expect(output('count')?.fault({ n: '4111' })).toBe('"/n" must be integer, got string');
    expect(output('count')?.fault(null)).toBe('"structured result" must be object, got null');
    expect(output('bare')).toBeUndefined();
    expect(output('broken')?.fault({})).toBe('output schema is unusable: expected an object');
    expect(output('foreign')?.fault({})).toMatch(/^output schema is unusable: unknown "\$schema"/);
  });

  it('finds a tool by its server and own name, but none that is withheld', async () => {
    const { catalog, setTools } = tested(['a', 'b']);
    await setTools('a', [{ name: 'read' }, { name: 'twice' }, { name: 'twice' }]);
    await setTools('b', [{ name: 'a/read' }]);
    expect(catalog.toolOf('a', 'read')).toBe(catalog.tool('a__read'));
    expect(catalog.toolOf('b', 'read')).toBeUndefined();
    expect(catalog.toolOf('a', 'a__read')).toBeUndefined();
    expect(catalog.toolOf('a', 'twice')).toBeUndefined();
    expect(catalog.toolOf('b', 'a/read')?.server).toBe('b');
  });

  it('keeps servers in the order of the config, whoever was first', async () => {
    const { catalog, setTools } = tested(['b', 'a']);
    await setTools('a', [{ name: 'x' }, { name: 'y' }]);
    await setTools('b', [{ name: 'z' }]);
    expect(catalog.list('tools').map(({ definition }) => definition['name'])).toEqual([
      'b__z',
      'a__x',
      'a__y',
    ]);
  });

  it('withholds a name that two servers without a prefix share, until one of them is gone', async () => {
    const { catalog, setTools } = tested(['a', 'b'], false);
    await setTools('a', [{ name: 'read' }, { name: 'only' }]);
    await setTools('b', [{ name: 'Read' }]);
    expect(catalog.list('tools').map(({ name }) => name)).toEqual(['only']);
    expect(catalog.withheld('a')).toEqual([
      { server: 'a', name: 'read', reason: '"read" looks like "Read" of server "b"' },
    ]);
    expect(catalog.withheld('b')).toEqual([
      { server: 'b', name: 'Read', reason: '"Read" looks like "read" of server "a"' },
    ]);
    catalog.remove('b');
    expect(catalog.tool('read')?.server).toBe('a');
  });

  it('withholds a name that one server lists twice, and does not remember either', async () => {
    const { catalog, setTools, pins } = tested(['a']);
    await setTools('a', [{ name: 'x', v: 1 }, { name: 'x', v: 2 }, { name: 'y' }]);
    expect(catalog.list('tools').map(({ name }) => name)).toEqual(['y']);
    expect(pins.list().map(({ tool }) => tool)).toEqual(['y']);
  });

  it('names prompts as it names tools, apart from them', async () => {
    const { catalog, setTools } = tested(['a']);
    await setTools('a', [{ name: 'x' }]);
    catalog.setList('a', 'prompts', listing([{ name: 'x', arguments: [] }, { name: 7 }]));
    expect(catalog.prompt('a__x')).toEqual({
      server: 'a',
      name: 'x',
      definition: { name: 'a__x', arguments: [] },
    });
    expect(catalog.withheld('a')).toEqual([
      { server: 'a', name: '7', reason: 'name must be a string, got number' },
    ]);
  });

  it('counts each change of a list and tells of it once', async () => {
    const { catalog, setTools, changes } = tested(['a']);
    await setTools('a', [{ name: 'x' }]);
    await setTools('a', [{ name: 'x' }]);
    catalog.setList('a', 'resources', listing([{ uri: 'a:1' }]));
    catalog.setList('a', 'prompts', listing([]));
    expect([changes, catalog.revision]).toEqual([['tools', 'resources'], 2]);
    catalog.remove('a');
    expect([changes, catalog.revision]).toEqual([['tools', 'resources', 'tools', 'resources'], 4]);
  });

  it('is settled when the last server is, and not before', async () => {
    const { catalog } = tested(['a', 'b']);
    let settled = false;
    const waiting = catalog.settled(60_000).then(() => {
      settled = true;
    });
    catalog.settle('a');
    catalog.settle('a');
    await Promise.resolve();
    expect(settled).toBe(false);
    catalog.settle('b');
    await waiting;
    await catalog.settled(60_000);
  });

  it('waits no longer than asked for, and for no server at all', async () => {
    await expect(tested(['a']).catalog.settled(1)).resolves.toBeUndefined();
    await expect(tested([]).catalog.settled(60_000)).resolves.toBeUndefined();
  });
});

describe('a resource', () => {
  const listed: Readonly<Record<string, { uris?: string[]; templates?: string[] }>> = {
    a: { uris: ['note://1', 'both://x'], templates: ['file:///{+path}', 'shared://{id}'] },
    b: { uris: ['both://x'], templates: ['shared://{id}', 'shared://{id}/{part}', 'over://{x}'] },
    c: { templates: ['over://{y}', '{+all}', '{scheme}://drawn', 'x{+all}', ':{+all}'] },
  };
  const rows = [
    { name: 'that is listed', uri: 'note://1', server: 'a' },
    { name: 'that two servers list', uri: 'both://x', server: undefined },
    { name: 'that fits a template', uri: 'file:///etc/hosts', server: 'a' },
    { name: 'that fits the template of two servers', uri: 'shared://1', server: undefined },
    { name: 'that fits the templates of two servers', uri: 'over://1', server: undefined },
    { name: 'that fits the template of one server only', uri: 'shared://1/2', server: 'b' },
    { name: 'that nobody lists, with several servers', uri: 'other://1', server: undefined },
    { name: 'that fits a template without a scheme', uri: 'xother://drawn', server: undefined },
    { name: 'that is listed, beside a template without a scheme', uri: 'note://1', server: 'a' },
    {
      name: 'of one server, beside another’s template without a scheme',
      uri: 'file:///x',
      server: 'a',
    },
  ];
  it.each(rows)('belongs to the right server: one $name', ({ uri, server }) => {
    const { catalog } = tested(['a', 'b', 'c']);
    for (const [key, { uris = [], templates = [] }] of Object.entries(listed)) {
      catalog.setCapabilities(key, { resources: {} });
      catalog.setList(key, 'resources', listing(uris.map((each) => ({ uri: each }))));
      const definitions = templates.map((uriTemplate) => ({ uriTemplate }));
      catalog.setList(key, 'resourceTemplates', listing(definitions));
    }
    expect(catalog.resourceServer(uri)).toBe(server);
  });

  it('that nobody lists belongs to the only server that has any', () => {
    const { catalog } = tested(['a', 'b']);
    expect(catalog.resourceServer('x://1')).toBeUndefined();
    catalog.setCapabilities('a', { tools: {} });
    catalog.setCapabilities('b', { resources: {} });
    expect(catalog.resourceServer('x://1')).toBe('b');
    catalog.remove('b');
    expect(catalog.resourceServer('x://1')).toBeUndefined();
  });

  it('that two servers list is shown by neither', () => {
    const { catalog } = tested(['a', 'b']);
    catalog.setList('a', 'resources', listing([{ uri: 'x:1' }, { uri: 'x:2', name: 'n' }]));
    catalog.setList('b', 'resources', listing([{ uri: 'x:1' }, { uri: 5 }]));
    expect(catalog.list('resources')).toEqual([
      { server: 'a', name: 'x:2', definition: { uri: 'x:2', name: 'n' } },
    ]);
    expect(catalog.withheld('b')).toEqual([
      { server: 'b', name: 'x:1', reason: '"uri" is listed by more than one server' },
      { server: 'b', name: '5', reason: '"uri" must be a string of at most 8192 characters' },
    ]);
  });
});

function tested(keys: readonly string[], prefix = true) {
  const pins = createPinBook(scratchStore(), 'gate', () => 1000);
  const changes: string[] = [];
  const servers = keys.map((key) => ({ key, prefix }));
  const catalog = new LiveCatalog({ servers, pins, onListChanged: (kind) => changes.push(kind) });
  const setTools = async (server: string, items: readonly JsonObject[]): Promise<void> => {
    catalog.setTools(server, listing(items), await pins.observe(server, pinnable(items)));
  };
  return { catalog, pins, changes, setTools };
}

function listing(items: readonly JsonObject[]) {
  return { items, cut: undefined };
}
