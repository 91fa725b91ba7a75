import { describe, expect, it } from 'vitest';
import type { LineClient } from '../harness/line-client.ts';
import { type Message, messageOf, pick, textAt } from '../harness/message.ts';
import { conformanceServer, type Scratch, scratch } from '../harness/scratch.ts';
import { type ServedGate, serveGate } from '../peers/serve-gate.ts';

type Era = 'legacy' | 'modern';

/** Sends one call and answers what it is asked; gives the last answer and the methods of the questions that arrived. */
type Call = (tool: string) => Promise<{ readonly answer: Message; readonly asked: string[] }>;

const answers: Readonly<Record<string, object>> = {
  'elicitation/create': { action: 'accept', content: { name: 'Ada' } },
  'sampling/createMessage': {
    role: 'assistant',
    model: 'm',
    content: { type: 'text', text: 'Paris' },
  },
  'roots/list': { roots: [{ uri: 'file:///a', name: 'a' }] },
};
const capabilities = { elicitation: { form: {} }, sampling: {}, roots: {} };
const clientInfo = { name: 'e2e', version: '1' };
const envelope = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': clientInfo,
  'io.modelcontextprotocol/clientCapabilities': capabilities,
};

async function legacyLines(house: Scratch): Promise<Call> {
  const client = await house.open(capabilities);
  let asked: string[] = [];
  client.onRequest(({ method }) => {
    asked.push(String(method));
    return { result: answers[String(method)] };
  });
  return async (name) => {
    asked = [];
    return { answer: await client.request('tools/call', { name, arguments: {} }), asked };
  };
}

/** Comes back with the answers, as often as it is asked. */
function modernCall(send: (params: object) => Promise<Message>): Call {
  return async (name) => {
    const asked: string[] = [];
    let more = {};
    for (;;) {
      const answer = await send({ name, arguments: {}, ...more, _meta: envelope });
      if (pick(answer, 'result.resultType') !== 'input_required') return { answer, asked };
      const requests = Object.entries(messageOf(pick(answer, 'result.inputRequests')));
      const methods = requests.map(([, request]) => textAt(request, 'method'));
      asked.push(...methods);
      const given = requests.map(([key], at) => [key, answers[methods[at] ?? '']]);
      const requestState = pick(answer, 'result.requestState');
      more = { inputResponses: Object.fromEntries(given), requestState };
    }
  };
}

async function modernLines(house: Scratch): Promise<Call> {
  const client: LineClient = house.start();
  return modernCall((params) => client.request('tools/call', params));
}

const usual = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
};

function post({ origin }: ServedGate, message: object, headers: object): Promise<Response> {
  const body = JSON.stringify({ jsonrpc: '2.0', ...message });
  return fetch(`${origin}/mcp`, { method: 'POST', headers: { ...usual, ...headers }, body });
}

/** What comes back for one request, as it comes: a stream of events or one JSON text. */
async function* messagesOf(response: Response): AsyncGenerator<Message> {
  let rest = '';
  const decoder = new TextDecoder();
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
  for await (const chunk of response.body ?? []) {
    const lines = `${rest}${decoder.decode(chunk, { stream: true })}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith('data: {')) yield messageOf(JSON.parse(line.slice(6)));
    }
  }
  if (!isStream && rest !== '') yield messageOf(JSON.parse(rest));
}

async function legacyHttp(house: Scratch): Promise<Call> {
  const gate = await serveGate(house);
  const params = { protocolVersion: '2025-11-25', capabilities, clientInfo };
  const hello = await post(gate, { id: 'hello', method: 'initialize', params }, {});
  await hello.text();
  const session = { 'mcp-session-id': hello.headers.get('mcp-session-id') ?? '' };
  let id = 0;
  return async (name) => {
    id += 1;
    const asked: string[] = [];
    const call = { id, method: 'tools/call', params: { name, arguments: {} } };
    for await (const message of messagesOf(await post(gate, call, session))) {
      const method = String(message.method);
      if (message.id === id && message.method === undefined) return { answer: message, asked };
      if (message.id === undefined) continue;
      asked.push(method);
      await (await post(gate, { id: message.id, result: answers[method] }, session)).text();
    }
    throw new Error(`no answer to "${name}"`);
  };
}

async function modernHttp(house: Scratch): Promise<Call> {
  const gate = await serveGate(house);
  return modernCall(async (params) => {
    const headers = {
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': textAt(params, 'name'),
    };
    const call = { id: 1, method: 'tools/call', params };
    for await (const message of messagesOf(await post(gate, call, headers))) {
      if (message.id === 1) return message;
    }
    throw new Error('no answer');
  });
}

const open: Readonly<Record<string, (house: Scratch) => Promise<Call>>> = {
  'stdio legacy': legacyLines,
  'stdio modern': modernLines,
  'http legacy': legacyHttp,
  'http modern': modernHttp,
};

const questions = [
  ['elicitation/create', 'test_input_required_result_elicitation', 'Hello, Ada!'],
  ['sampling/createMessage', 'test_input_required_result_sampling', 'Sampling result: Paris'],
  ['roots/list', 'test_input_required_result_list_roots', 'Found 1 root(s)'],
] as const;

const rules = {
  'asking.rego': `package gate.rules.asking

allow contains {"id": "asking.all", "reason": "this test allows everything else"} if true

deny contains {"id": "asking.shut", "reason": "this server asks nothing"} if {
	input.resource.properties.server == "shut"
	input.action.name in {"elicitation/create", "sampling/createMessage", "roots/list"}
}
`,
};

/** What a call ends with when its question was denied. A legacy server gets the error itself, and hands it on here. */
function refusalOf(action: string, client: Era, server: Era): RegExp {
  // The one question that a modern server can be answered in the client's place: it is not given.
  if (action === 'elicitation/create' && client === 'legacy' && server === 'modern') {
    return /"Hello, unknown!"/;
  }
  return /"code":4003,.*Denied by policy: this server asks nothing/;
}

describe.each(Object.keys(open))('over %s', (face) => {
  it.each<Era>(['legacy', 'modern'])(
    'a denied question of a %s server reaches no client, and an allowed one does',
    async (server) => {
      const house = await scratch({ rules });
      const args = [conformanceServer];
      const entry = { command: process.execPath, args, gate: { protocol: server } };
      house.configure({ mcpServers: { shut: entry, open: entry } });
      const call = await open[face]?.(house);
      if (call === undefined) throw new Error(`no face "${face}"`);
      const client = face.endsWith('legacy') ? 'legacy' : 'modern';
      for (const [action, tool, result] of questions) {
        const denied = await call(`shut__${tool}`);
        expect(denied.asked).toEqual([]);
        expect(JSON.stringify(denied.answer)).toMatch(refusalOf(action, client, server));
        const allowed = await call(`open__${tool}`);
        expect(allowed.asked).toEqual([action]);
        expect(textAt(allowed.answer, 'result.content.0.text')).toBe(result);
      }
      const decisions = (await house.journal('decision')).map(({ body }) => body);
      const asked = decisions.filter((body) => body['action'] !== 'tools/call');
      expect(asked.map(({ action, server: of, outcome }) => [action, of, outcome])).toEqual(
        questions.flatMap(([action]) => [
          [action, 'shut', 'deny'],
          [action, 'open', 'allow'],
        ]),
      );
    },
  );
});
