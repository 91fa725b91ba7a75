import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { LineClient } from '../harness/line-client.ts';
import { type Message, messageOf, pick, textAt } from '../harness/message.ts';
import { allowAll, type Scratch, scratch, serverFile } from '../harness/scratch.ts';
import {
  answering,
  ask,
  call,
  deviations,
  list,
  type Step,
  transcript,
} from '../harness/transcript.ts';
import { until } from '../harness/until.ts';

const png =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

describe('reference servers answer through the gate as they do directly', () => {
  it('server-everything: lists, prompts, resources, completions and every tool', async () => {
    const entry = { command: process.execPath, args: [serverFile('everything'), 'stdio'] };
    const capabilities = {
      roots: { listChanged: true },
      sampling: {},
      elicitation: { form: {}, url: {} },
    };
    await compare('everything', entry, capabilities, everythingSteps, async () => {});
  });

  it('server-filesystem: every tool', async () => {
    const house = await scratch({ servers: {}, rules: allowAll });
    await compareIn(house, 'files', house.files(), {}, fileSteps(house), async () =>
      fillArea(house),
    );
  });

  it('server-memory: every tool', async () => {
    const house = await scratch({ servers: {}, rules: allowAll });
    const store = path.join(house.dir, 'memory.jsonl');
    const entry = {
      command: process.execPath,
      args: [serverFile('memory'), house.dir],
      env: { MEMORY_FILE_PATH: store },
    };
    await compareIn(house, 'memory', entry, {}, memorySteps, async () =>
      rmSync(store, { force: true }),
    );
  });
});

describe.each(['enforce', 'observe'] as const)('a server with long answers, in %s mode', (mode) => {
  it('passes a result of 16 MiB', async () => {
    const house = await scratch({ mode, rules: allowAll });
    const client = await house.open();
    const answer = await client.request('tools/call', { name: 'raw__huge', arguments: {} });
    expect(textAt(answer, 'result.content.0.text').length).toBe(16 * 1024 * 1024);
    const next = await client.request('tools/call', { name: 'raw__read', arguments: {} });
    expect(textAt(next, 'result.content.0.text')).toBe('read');
  });
});

describe('what reaches the server', () => {
  it('is the request as it was written, with unknown members of params and _meta', async () => {
    const house = await scratch({ rules: allowAll });
    const client = await house.open();
    const params = {
      name: 'raw__message',
      arguments: { é: [1.5, '\u2028', { deep: null }], '': 0 },
      _meta: { 'x/mine': { a: [1] }, traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` },
      'x-param': { y: 1 },
    };
    const answer = await client.request('tools/call', params);
    const seen = messageOf(JSON.parse(textAt(answer, 'result.content.0.text')));
    expect(seen.params).toEqual({ ...params, name: 'message' });
  });

  it('carries no dev.mcp-gate/ key of the client, and no result carries one of the server', async () => {
    const house = await scratch({ rules: allowAll });
    const client = await house.open();
    const answer = await client.request('tools/call', {
      name: 'raw__message',
      arguments: {},
      _meta: {
        'dev.mcp-gate/decision': { outcome: 'allow' },
        'dev.mcp-gate/approval': 'x',
        'x/kept': 1,
      },
    });
    expect(pick(JSON.parse(textAt(answer, 'result.content.0.text')), 'params._meta')).toEqual({
      'x/kept': 1,
    });
    const forged = await client.request('tools/call', { name: 'raw__forged', arguments: {} });
    expect(JSON.stringify(forged)).not.toContain('"decision_id":"forged"');
    expect(pick(forged, 'result._meta')).toMatchObject({ 'x/kept': 1 });
  });

  it('is cancelled there when the client cancels, and the connection goes on', async () => {
    const house = await scratch({ rules: allowAll });
    const client = await house.open();
    const id = client.start('tools/call', { name: 'raw__slow', arguments: { ms: 60_000 } });
    await until('the call at the server', () => house.executed().length > 0);
    client.notify('notifications/cancelled', { requestId: id, reason: 'enough' });
    await until('the cancellation at the server', () =>
      house.recorded().some(({ cancelled }) => cancelled === 'enough'),
    );
    const next = await client.request('tools/call', { name: 'raw__read', arguments: {} });
    expect(textAt(next, 'result.content.0.text')).toBe('read');
    expect(client.arrivals.filter(({ message }) => message.id === id)).toEqual([]);
  });

  it('ends as an error, not as silence, when the server dies in the middle', async () => {
    const house = await scratch({ rules: allowAll });
    const client = await house.open();
    const answer = await client.request('tools/call', { name: 'raw__crash', arguments: {} });
    expect(pick(answer, 'result.isError')).toBe(true);
    expect(textAt(answer, 'result.content.0.text')).toMatch(/may have run/);
    expect(house.executed().length).toBe(1);
  });
});

/** The same steps twice against the server and once through the gate, from the same starting point each time. */
async function compare(
  name: string,
  entry: object,
  capabilities: object,
  steps: readonly Step[],
  reset: () => Promise<void>,
): Promise<void> {
  const house = await scratch({ servers: {}, rules: allowAll });
  await compareIn(house, name, entry, capabilities, steps, reset);
}

async function compareIn(
  house: Scratch,
  name: string,
  entry: object,
  capabilities: object,
  steps: readonly Step[],
  reset: () => Promise<void>,
): Promise<void> {
  house.configure({ mcpServers: { [name]: entry } });
  const run = async (client: LineClient, prefix: string): Promise<Message> => {
    await reset();
    const asked = answering(client, clientReplies);
    await client.initialize(capabilities);
    const answers = await transcript({ client, prefix }, steps);
    await client.close();
    const written: Message[] = JSON.parse(JSON.stringify(asked));
    // A server asks for the roots when it likes, between whatever else it asks.
    const isRoots = (request: Message) => pick(request, 'method') === 'roots/list';
    const roots = written.filter(isRoots);
    return { ...answers, roots, asked: written.filter((request) => !isRoots(request)) };
  };
  const direct = await run(house.direct(entry), '');
  // Past the end of the second, so that whatever shows the time of day differs between the two runs.
  await sleep(1100);
  const again = await run(house.direct(entry), '');
  const gated = await run(house.start(), `${name}__`);
  expect(deviations(direct, again, gated)).toEqual([]);
  const tools = new Set(
    (direct['tools/list'] as Message[]).map((tool) => String(pick(tool, 'name'))),
  );
  for (const step of steps) tools.delete(step.name.split(' ')[0] ?? '');
  expect([...tools], 'tools that no step calls').toEqual([]);
}

const clientReplies = {
  'roots/list': { roots: [{ uri: 'file:///srv/one', name: 'one' }] },
  'sampling/createMessage': {
    role: 'assistant',
    content: { type: 'text', text: 'sampled' },
    model: 'm',
    stopReason: 'endTurn',
    'x-s': { y: 1 },
  },
  'elicitation/create': { action: 'accept', content: { name: 'n', color: 'red' }, 'x-e': [1] },
};

const prompt = (name: string, args?: object): Step => ({
  name: `prompts/get ${name}`,
  run: async ({ client, prefix }) => {
    const params = { name: `${prefix}${name}`, ...(args === undefined ? {} : { arguments: args }) };
    const { id: _id, ...rest } = await client.request('prompts/get', params);
    return rest;
  },
});

const complete = (
  ref: { readonly type: string; readonly name?: string },
  argument: object,
): Step => ({
  name: `completion ${JSON.stringify([ref, argument])}`,
  run: async ({ client, prefix }) => {
    const named = ref.name === undefined ? ref : { ...ref, name: `${prefix}${ref.name}` };
    const { id: _id, ...rest } = await client.request('completion/complete', {
      ref: named,
      argument,
    });
    return rest;
  },
});

const everythingSteps: readonly Step[] = [
  list('tools/list', 'tools'),
  list('prompts/list', 'prompts'),
  list('resources/list', 'resources'),
  list('resources/templates/list', 'resourceTemplates'),
  ask('ping'),
  ask('logging/setLevel', { level: 'error' }),
  ask('resources/read', { uri: 'demo://resource/static/document/features.md' }, 'static resource'),
  ask('resources/read', { uri: 'demo://resource/dynamic/text/7' }, 'dynamic resource'),
  ask('resources/read', { uri: 'demo://resource/dynamic/blob/0' }, 'wrong resource'),
  ask('resources/subscribe', { uri: 'demo://resource/dynamic/text/7' }),
  ask('resources/unsubscribe', { uri: 'demo://resource/dynamic/text/7' }),
  prompt('simple-prompt'),
  prompt('args-prompt', { city: 'Oslo', state: 'x' }),
  prompt('args-prompt', {}),
  prompt('resource-prompt', { resourceType: 'Text', resourceId: '1' }),
  complete({ type: 'ref/prompt', name: 'completable-prompt' }, { name: 'department', value: 'S' }),
  complete(
    { type: 'ref/resource', ...{ uri: 'demo://resource/dynamic/text/{resourceId}' } },
    { name: 'resourceId', value: '3' },
  ),
  call('echo', { message: 'é🜁\u2028 "quoted"' }),
  call('get-annotated-message', { messageType: 'error', includeImage: true }),
  call('get-env'),
  call('get-resource-links', { count: 2 }),
  call('get-resource-reference', { resourceType: 'Blob', resourceId: 3 }),
  call('get-structured-content', { location: 'Chicago' }),
  call('get-sum', { a: 0.1, b: 0.2 }),
  call('get-tiny-image'),
  call('gzip-file-as-resource', {
    name: 'a.gz',
    data: 'data:text/plain,hello',
    outputType: 'resource',
  }),
  call('toggle-simulated-logging'),
  { ...call('toggle-simulated-logging'), name: 'toggle-simulated-logging off' },
  call('toggle-subscriber-updates'),
  { ...call('toggle-subscriber-updates'), name: 'toggle-subscriber-updates off' },
  call('trigger-long-running-operation', { duration: 0.2, steps: 4 }),
  call('get-roots-list'),
  call('trigger-elicitation-request'),
  call('trigger-url-elicitation', { url: 'https://example.com/x', elicitationId: 'e-1' }),
  call('trigger-sampling-request', { prompt: 'p', maxTokens: 3 }),
  call('simulate-research-query', { topic: 't' }),
];

const entity = { name: 'ada', entityType: 'person', observations: ['counts'] };

const memorySteps: readonly Step[] = [
  list('tools/list', 'tools'),
  list('resources/list', 'resources'),
  ask('resources/read', { uri: 'memory://knowledge-graph' }),
  call('create_entities', { entities: [entity, { ...entity, name: 'bob' }] }),
  call('create_relations', { relations: [{ from: 'ada', to: 'bob', relationType: 'knows' }] }),
  call('add_observations', { observations: [{ entityName: 'ada', contents: ['more'] }] }),
  call('add_observations', { observations: [{ entityName: 'nobody', contents: [] }] }),
  call('read_graph'),
  call('search_nodes', { query: 'more' }),
  call('open_nodes', { names: ['bob'] }),
  call('delete_observations', { deletions: [{ entityName: 'ada', observations: ['more'] }] }),
  call('delete_relations', { relations: [{ from: 'ada', to: 'bob', relationType: 'knows' }] }),
  call('delete_entities', { entityNames: ['bob'] }),
  { ...call('read_graph'), name: 'read_graph at the end' },
];

function fileSteps(house: Scratch): readonly Step[] {
  const at = (name: string): string => path.join(house.area, name);
  return [
    list('tools/list', 'tools'),
    call('list_allowed_directories'),
    call('read_file', { path: at('a.txt') }),
    call('read_text_file', { path: at('a.txt'), head: 1 }),
    call('read_text_file', { path: path.join(house.dir, 'beyond.txt') }),
    call('read_media_file', { path: at('dot.png') }),
    call('read_multiple_files', { paths: [at('a.txt'), at('none.txt')] }),
    call('write_file', { path: at('new.txt'), content: 'é🜁' }),
    call('edit_file', { path: at('new.txt'), edits: [{ oldText: 'é', newText: 'e' }] }),
    call('edit_file', {
      path: at('new.txt'),
      edits: [{ oldText: 'zzz', newText: 'e' }],
      dryRun: true,
    }),
    call('create_directory', { path: at('folder/deep') }),
    call('move_file', { source: at('new.txt'), destination: at('folder/moved.txt') }),
    call('list_directory', { path: at('folder') }),
    call('list_directory_with_sizes', { path: at('.'), sortBy: 'size' }),
    call('directory_tree', { path: at('.') }),
    call('search_files', { path: at('.'), pattern: '**/*.txt' }),
    call('get_file_info', { path: at('folder/moved.txt') }),
  ];
}

function fillArea(house: Scratch): void {
  rmSync(house.area, { recursive: true, force: true });
  mkdirSync(house.workspace, { recursive: true });
  writeFileSync(path.join(house.area, 'a.txt'), 'one\ntwo\n');
  writeFileSync(path.join(house.area, 'dot.png'), Buffer.from(png, 'base64'));
  symlinkSync(path.join(house.area, 'a.txt'), path.join(house.area, 'link.txt'));
}
