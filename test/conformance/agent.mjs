/** An agent over lines, of either era, that accepts every form with its defaults and answers whatever it is asked. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const modernVersion = '2026-07-28';
const capabilities = { roots: {}, sampling: {}, elicitation: { form: { applyDefaults: true } } };
const clientInfo = { name: 'conformance-agent', version: '1.0.0' };

const answers = {
  'elicitation/create': ({ requestedSchema }) => ({
    action: 'accept',
    content: Object.fromEntries(
      Object.entries(requestedSchema?.properties ?? {}).map(([name, property]) => [
        name,
        property.default ?? { boolean: true, string: 'text' }[property.type] ?? 1,
      ]),
    ),
  }),
  'sampling/createMessage': () => ({
    role: 'assistant',
    content: { type: 'text', text: 'sampled' },
    model: 'none',
    stopReason: 'endTurn',
  }),
  'roots/list': () => ({ roots: [{ uri: 'file:///conformance', name: 'conformance' }] }),
  ping: () => ({}),
};

/** Starts the command and, in the legacy era, opens the session. */
export async function openAgent(era, command, args) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting = new Map();
  let nextId = 1;
  const ended = new Promise((resolve) => child.on('exit', resolve));
  void ended.then((code) => {
    for (const { reject } of waiting.values()) reject(new Error(`the gate ended with ${code}`));
  });
  createInterface({ input: child.stdout }).on('line', (line) => receive(JSON.parse(line)));

  const agent = {
    request: era === 'modern' ? modernRequest : request,
    call: (name, args) => agent.request('tools/call', { name, arguments: args }),
    list: async (method, member) => {
      const items = [];
      let cursor;
      do {
        const page = await agent.request(method, cursor === undefined ? {} : { cursor });
        items.push(...page[member]);
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      return items;
    },
    close: async () => {
      child.stdin.end();
      const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(timer);
    },
  };
  if (era === 'legacy') {
    await request('initialize', { protocolVersion: '2025-11-25', capabilities, clientInfo });
    send({ method: 'notifications/initialized' });
  }
  return agent;

  function request(method, params) {
    const id = nextId++;
    send({ id, method, params });
    return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
  }

  /** Comes back with what the server needs until it needs nothing more. */
  async function modernRequest(method, params) {
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': modernVersion,
      'io.modelcontextprotocol/clientInfo': clientInfo,
      'io.modelcontextprotocol/clientCapabilities': capabilities,
    };
    let more = {};
    for (let round = 0; round < 10; round += 1) {
      const result = await request(method, { ...params, ...more, _meta });
      if (result.resultType !== 'input_required') return result;
      more = {
        inputResponses: Object.fromEntries(
          Object.entries(result.inputRequests ?? {}).map(([key, asked]) => [
            key,
            answers[asked.method](asked.params ?? {}),
          ]),
        ),
        ...(result.requestState === undefined ? {} : { requestState: result.requestState }),
      };
    }
    throw new Error(`"${method}" never came to an end`);
  }

  function receive(message) {
    if (message.method !== undefined) {
      if (message.id === undefined) return;
      const answer = answers[message.method];
      const body =
        answer === undefined
          ? { error: { code: -32601, message: 'no such method' } }
          : { result: answer(message.params ?? {}) };
      send({ id: message.id, ...body });
      return;
    }
    const { resolve, reject } = waiting.get(message.id) ?? {};
    waiting.delete(message.id);
    if (message.error === undefined) resolve?.(message.result);
    else reject?.(new Error(`${message.error.code} ${message.error.message}`));
  }

  function send(message) {
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  }
}
