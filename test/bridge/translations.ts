import type { JsonObject } from '../../src/core/json.ts';

/**
 * What is translated between the eras, row by row: `given` on the one side is `becomes` on the other. A `request` goes from
 * the client to the server, an `answer` and an `error` come back, a `definition` is a tool in a list.
 */
export interface Translation {
  readonly what: string;
  readonly kind: 'request' | 'answer' | 'error' | 'definition' | 'question';
  /** `tools/call` unless it says another. */
  readonly method?: string;
  readonly given: JsonObject;
  readonly becomes: JsonObject;
}

const envelopeOfLegacy = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'legacy', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': { elicitation: {}, roots: { listChanged: true } },
};

const envelopeOfModern = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'modern', version: '2' },
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/logLevel': 'info',
};

const text = { type: 'text', text: 'x' };
const internal = -32603;
const invalidParams = -32602;

export const legacyClientOfModernServer: readonly Translation[] = [
  {
    what: 'a request gets the envelope that the handshake said once',
    kind: 'request',
    given: { name: 'a', arguments: {} },
    becomes: { name: 'a', arguments: {}, _meta: envelopeOfLegacy },
  },
  {
    what: 'other metadata stays beside it',
    kind: 'request',
    given: { name: 'a', _meta: { traceparent: '00-1', 'x/y': 1 } },
    becomes: { name: 'a', _meta: { traceparent: '00-1', 'x/y': 1, ...envelopeOfLegacy } },
  },
  {
    what: 'an envelope that the client writes itself does not count',
    kind: 'request',
    given: { name: 'a', _meta: { 'io.modelcontextprotocol/clientCapabilities': { sampling: {} } } },
    becomes: { name: 'a', _meta: envelopeOfLegacy },
  },
  {
    what: 'what only a modern retry carries does not count',
    kind: 'request',
    given: { name: 'a', requestState: 's', inputResponses: { k: {} } },
    becomes: { name: 'a', _meta: envelopeOfLegacy },
  },
  {
    what: 'a result loses its type and its hints for caches',
    kind: 'answer',
    method: 'resources/read',
    given: { resultType: 'complete', contents: [], ttlMs: 5, cacheScope: 'public', 'x-own': 1 },
    becomes: { contents: [], 'x-own': 1 },
  },
  {
    what: 'structured content that is an object stays',
    kind: 'answer',
    given: { resultType: 'complete', content: [], structuredContent: { a: 1 } },
    becomes: { content: [], structuredContent: { a: 1 } },
  },
  {
    what: 'structured content that is no object is dropped where there is other content',
    kind: 'answer',
    given: { resultType: 'complete', content: [text], structuredContent: [1, 2] },
    becomes: { content: [text] },
  },
  {
    what: 'structured content that is no object becomes text where there is none',
    kind: 'answer',
    given: { resultType: 'complete', content: [], structuredContent: [1, 'zwei'] },
    becomes: { content: [{ type: 'text', text: '[1,"zwei"]' }] },
  },
  {
    what: 'a task was never offered',
    kind: 'answer',
    given: { resultType: 'task', taskId: 't' },
    becomes: {
      code: internal,
      message: 'the server answered with a type of result that was never offered to it',
    },
  },
  {
    what: 'a type of result that nobody knows is an error',
    kind: 'answer',
    given: { resultType: 'novel' },
    becomes: {
      code: internal,
      message: 'the server answered with a type of result that was never offered to it',
    },
  },
  {
    what: 'a capability that the client does not have is named',
    kind: 'error',
    given: {
      code: -32021,
      message: 'Missing',
      data: { requiredCapabilities: { sampling: { tools: {} }, 'x"y': {} } },
    },
    becomes: {
      code: internal,
      message: 'the server needs a capability that the client did not declare: "sampling", "x\\"y"',
    },
  },
  {
    what: 'headers are no business of the client',
    kind: 'error',
    given: { code: -32020, message: 'Header mismatch' },
    becomes: { code: internal, message: 'the server does not accept the requests of the gate' },
  },
  {
    what: 'nor is the revision that the gate speaks',
    kind: 'error',
    given: { code: -32022, message: 'Unsupported', data: { supported: ['2027-01-01'] } },
    becomes: { code: internal, message: 'the server does not accept the requests of the gate' },
  },
  {
    what: 'every other error stays',
    kind: 'error',
    given: { code: -32602, message: 'Unknown', data: { uri: 'a:b' } },
    becomes: { code: -32602, message: 'Unknown', data: { uri: 'a:b' } },
  },
  {
    what: 'an output schema whose root is no object would break the whole list',
    kind: 'definition',
    given: { name: 'a', inputSchema: {}, outputSchema: { type: 'array' }, 'x-own': 1 },
    becomes: { name: 'a', inputSchema: {}, 'x-own': 1 },
  },
  {
    what: 'so would one that says no type',
    kind: 'definition',
    given: { name: 'a', outputSchema: { $ref: '#/$defs/a' } },
    becomes: { name: 'a' },
  },
  {
    what: 'every other definition stays',
    kind: 'definition',
    given: { name: 'a', outputSchema: { type: 'object' }, execution: { taskSupport: 'optional' } },
    becomes: {
      name: 'a',
      outputSchema: { type: 'object' },
      execution: { taskSupport: 'optional' },
    },
  },
];

export const modernClientOfLegacyServer: readonly Translation[] = [
  {
    what: 'a request loses the envelope, and metadata that held nothing else',
    kind: 'request',
    given: { name: 'a', arguments: {}, _meta: envelopeOfModern },
    becomes: { name: 'a', arguments: {} },
  },
  {
    what: 'other metadata stays',
    kind: 'request',
    given: {
      name: 'a',
      _meta: { ...envelopeOfModern, traceparent: '00-1', 'io.modelcontextprotocol/own': 1 },
    },
    becomes: { name: 'a', _meta: { traceparent: '00-1', 'io.modelcontextprotocol/own': 1 } },
  },
  {
    what: 'answers to no question are dropped',
    kind: 'request',
    given: { name: 'a', inputResponses: { 1: {} }, _meta: envelopeOfModern },
    becomes: { name: 'a' },
  },
  {
    what: 'a result gets a type',
    kind: 'answer',
    given: { content: [text], 'x-own': 1 },
    becomes: { resultType: 'complete', content: [text], 'x-own': 1 },
  },
  {
    what: 'so does an empty one',
    kind: 'answer',
    given: {},
    becomes: { resultType: 'complete' },
  },
  {
    what: 'what was read is for this caller only, and for now',
    kind: 'answer',
    method: 'resources/read',
    given: { contents: [] },
    becomes: { resultType: 'complete', contents: [], ttlMs: 0, cacheScope: 'private' },
  },
  {
    what: 'a question that a legacy server cannot ask like this is none',
    kind: 'answer',
    given: { content: [], resultType: 'input_required', requestState: 'forged' },
    becomes: { resultType: 'complete', content: [], requestState: 'forged' },
  },
  {
    what: 'a resource that is not there is a wrong parameter',
    kind: 'error',
    given: { code: -32002, message: 'Resource not found', data: { uri: 'a:b' } },
    becomes: { code: invalidParams, message: 'Resource not found', data: { uri: 'a:b' } },
  },
  {
    what: 'an elicitation by URL as an error is gone',
    kind: 'error',
    given: { code: -32042, message: 'Open it', data: { elicitations: [] } },
    becomes: { code: internal, message: 'Open it', data: { elicitations: [] } },
  },
  {
    what: 'a code that has come to mean something since is an error of the server',
    kind: 'error',
    given: { code: -32022, message: 'own meaning' },
    becomes: { code: internal, message: 'own meaning' },
  },
  {
    what: 'every other error stays',
    kind: 'error',
    given: { code: 7, message: 'own', 'x-own': 1 },
    becomes: { code: 7, message: 'own', 'x-own': 1 },
  },
  {
    what: 'a tool says nothing of tasks any more',
    kind: 'definition',
    given: { name: 'a', execution: { taskSupport: 'optional', own: 1 } },
    becomes: { name: 'a', execution: { own: 1 } },
  },
  {
    what: 'nor does one that said nothing else',
    kind: 'definition',
    given: { name: 'a', execution: { taskSupport: 'required' } },
    becomes: { name: 'a' },
  },
  {
    what: 'every other definition stays',
    kind: 'definition',
    given: { name: 'a', outputSchema: { type: 'array' }, execution: { own: 1 } },
    becomes: { name: 'a', outputSchema: { type: 'array' }, execution: { own: 1 } },
  },
  {
    what: 'a question of the server is an input request in the answer',
    kind: 'question',
    given: { method: 'elicitation/create', params: { message: 'Name?', _meta: { 'x/y': 1 } } },
    becomes: { method: 'elicitation/create', params: { message: 'Name?', _meta: { 'x/y': 1 } } },
  },
  {
    what: 'an elicitation by URL has no id there',
    kind: 'question',
    given: {
      method: 'elicitation/create',
      params: { mode: 'url', message: 'Go', url: 'https://a.example/', elicitationId: 'e1' },
    },
    becomes: {
      method: 'elicitation/create',
      params: { mode: 'url', message: 'Go', url: 'https://a.example/' },
    },
  },
  {
    what: 'a question without parameters has none there either',
    kind: 'question',
    given: { method: 'roots/list' },
    becomes: { method: 'roots/list' },
  },
];
