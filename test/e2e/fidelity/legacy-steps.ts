import type { Step } from '../../harness/transcript.ts';
import { changed, echoed, everyPage, exchange, spelling, tool, updated } from './steps.ts';

const question = (method: string, params?: object): Step =>
  tool('ask', { method, ...(params === undefined ? {} : { params }) });

/** Everything that a raw server with sessions can be asked. */
export const legacySteps: readonly Step[] = [
  everyPage('tools/list', 'tools'),
  everyPage('prompts/list', 'prompts'),
  everyPage('resources/list', 'resources'),
  everyPage('resources/templates/list', 'resourceTemplates'),
  exchange('ping', 'ping'),
  exchange('level', 'logging/setLevel', { level: 'info' }),
  exchange('read', 'resources/read', {
    uri: 'raw://a',
    _meta: { 'x/r': 1, traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` },
    'x-param': [1],
  }),
  exchange('read by template', 'resources/read', { uri: 'raw://t/any' }),
  exchange('subscribe', 'resources/subscribe', { uri: 'raw://a' }),
  updated,
  exchange('unsubscribe', 'resources/unsubscribe', { uri: 'raw://a' }),
  exchange('prompt', 'prompts/get', { name: 'plain', arguments: { topic: 'é🜁' } }),
  exchange('completion of a resource', 'completion/complete', {
    ref: { type: 'ref/resource', uri: 'raw://t/{name}', 'x-ref': 1 },
    argument: { name: 'name', value: 'é', 'x-a': 1 },
    context: { arguments: { other: '1' }, 'x-c': 1 },
  }),
  exchange('completion of a prompt', 'completion/complete', {
    ref: { type: 'ref/prompt', name: 'with_arguments' },
    argument: { name: 'topic', value: '' },
  }),
  ...['blocks', 'array_structured', 'empty', 'tool_error', 'rpc_error', 'bare_error'].map((name) =>
    tool(name),
  ),
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
  tool('huge', { bytes: 70_000 }),
  tool('slow', { ms: 20 }),
  question('roots/list', { 'x-p': 1, _meta: { 'x/a': 1 } }),
  question('roots/list'),
  question('sampling/createMessage', {
    messages: [{ role: 'user', content: { type: 'hologram', x: 1 } }],
    maxTokens: 1,
    'x-p': [null],
  }),
  question('elicitation/create', {
    message: 'm',
    requestedSchema: { type: 'object', properties: {}, 'x-schema': 1 },
  }),
  changed('two'),
  everyPage('tools/list', 'tools', 'tools/list again'),
];
