import type { Side, Step } from '../../harness/transcript.ts';
import { changed, echoed, everyPage, exchange, rounds, spelling, tool, updated } from './steps.ts';

const heard = { 'io.modelcontextprotocol/logLevel': 'debug' };

/** Opens a subscription that stays open; what comes of it is compared with all that is told. */
const subscribed: Step = {
  name: 'subscriptions/listen',
  run: async ({ client }) => {
    const notifications = { toolsListChanged: true, resourceSubscriptions: ['raw://a'] };
    client.start('subscriptions/listen', { notifications });
    await until(client, 'notifications/subscriptions/acknowledged');
    return 'acknowledged';
  },
};

async function until(client: Side['client'], method: string): Promise<void> {
  await client.waitUntil(method, () => client.notifications(method).length > 0 || undefined);
}

/** Everything that a raw server of 2026-07-28 can be asked. */
export const modernSteps: readonly Step[] = [
  subscribed,
  everyPage('tools/list', 'tools'),
  everyPage('prompts/list', 'prompts'),
  everyPage('resources/list', 'resources'),
  everyPage('resources/templates/list', 'resourceTemplates'),
  exchange('read', 'resources/read', {
    uri: 'raw://a',
    _meta: { 'x/r': 1, traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` },
    'x-param': [1],
  }),
  exchange('read by template', 'resources/read', { uri: 'raw://t/any' }),
  rounds('read with questions', 'resources/read', { uri: 'raw://b', 'x-param': [1] }),
  exchange('prompt', 'prompts/get', { name: 'plain', arguments: { topic: 'x' } }),
  rounds('prompt with questions', 'prompts/get', { name: 'with_arguments', arguments: {} }),
  exchange('completion of a resource', 'completion/complete', {
    ref: { type: 'ref/resource', uri: 'raw://t/{name}', 'x-ref': 1 },
    argument: { name: 'name', value: 'é', 'x-a': 1 },
    context: { arguments: { other: '1' }, 'x-c': 1 },
  }),
  exchange('completion of a prompt', 'completion/complete', {
    ref: { type: 'ref/prompt', name: 'with_arguments' },
    argument: { name: 'topic', value: '' },
  }),
  ...[
    'blocks',
    'array_structured',
    'text_structured',
    'described',
    'untyped',
    'empty',
    'tool_error',
    'rpc_error',
    'bare_error',
    'needs',
  ].map((name) => tool(name)),
  spelling('numbers'),
  spelling('blocks'),
  spelling('array_structured'),
  echoed(
    { é: [1.5, '\u2028', { deep: null }], '': 0, nested: { _meta: { a: 1 } } },
    { 'x-other': [null] },
  ),
  tool('read'),
  tool('count'),
  tool('strict', { path: 'p', times: 3 }),
  tool('progress'),
  tool('logs'),
  tool('logs', {}, heard),
  tool('huge', { bytes: 70_000 }),
  tool('slow', { ms: 20 }),
  rounds('ask', 'tools/call', { name: 'ask', arguments: { a: 1 }, 'x-param': { y: 1 } }),
  updated,
  changed('two'),
  everyPage('tools/list', 'tools', 'tools/list again'),
  // As it was: over HTTP the server outlives its clients.
  changed('1'),
];
