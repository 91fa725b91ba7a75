/**
 * Raw clients over HTTP: the modern era, the legacy era with a session, and the old HTTP+SSE. Each accepts what it is asked.
 * Without `canBeAsked` it says that it cannot be; `token` is whose it is; with `listens` it keeps a stream open for news.
 */
import { events } from './events.mjs';

const modernVersion = '2026-07-28';
const legacyVersion = '2025-11-25';
const clientInfo = { name: 'soak', version: '1.0.0' };
const accepted = { action: 'accept', content: { response: 'yes' } };
const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

export async function openSession(kind, url, options = {}) {
  const { canBeAsked = true, token, listens = false } = options;
  const capabilities = canBeAsked ? { elicitation: {} } : {};
  const caller = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return { modern: openModern, legacy: openLegacy, sse: openSse }[kind](url, {
    capabilities,
    headers: { ...json, ...caller },
    listens,
  });
}

async function openModern(url, { capabilities, headers: common, listens }) {
  const gone = new AbortController();
  let nextId = 1;
  const meta = {
    'io.modelcontextprotocol/protocolVersion': modernVersion,
    'io.modelcontextprotocol/clientInfo': clientInfo,
    'io.modelcontextprotocol/clientCapabilities': capabilities,
  };
  const send = (method, { _meta, ...params }, signal) => {
    const id = nextId++;
    const body = {
      jsonrpc: '2.0',
      id,
      method,
      params: { ...params, _meta: { ..._meta, ...meta } },
    };
    const named = params.name === undefined ? {} : { 'mcp-name': params.name };
    const headers = {
      ...common,
      'mcp-protocol-version': modernVersion,
      'mcp-method': method,
      ...named,
    };
    return { id, response: post(url, body, headers, signal) };
  };
  const request = async (method, params, signal) => {
    let more = {};
    for (;;) {
      const { id, response } = send(method, { ...params, ...more }, signal);
      const result = await answer(await response, id);
      if (result.resultType !== 'input_required') return result;
      const keys = Object.keys(result.inputRequests ?? {});
      more = {
        inputResponses: Object.fromEntries(keys.map((key) => [key, accepted])),
        ...(result.requestState === undefined ? {} : { requestState: result.requestState }),
      };
    }
  };
  if (listens) {
    const notifications = { toolsListChanged: true };
    const stream = await send('subscriptions/listen', { notifications }, gone.signal).response;
    await drained(stream);
  }
  return { kind: 'modern', request, close: async () => gone.abort() };
}

async function openLegacy(url, { capabilities, headers: common, listens }) {
  const gone = new AbortController();
  let nextId = 1;
  const hello = { protocolVersion: legacyVersion, capabilities, clientInfo };
  const opened = await post(
    url,
    { jsonrpc: '2.0', id: 0, method: 'initialize', params: hello },
    common,
  );
  const session = opened.headers.get('mcp-session-id');
  await answer(opened, 0);
  const headers = { ...common, 'mcp-session-id': session, 'mcp-protocol-version': legacyVersion };
  const say = async (message) => {
    const said = await post(url, { jsonrpc: '2.0', ...message }, headers);
    await said.body?.cancel();
  };
  await say({ method: 'notifications/initialized' });
  if (listens) await drained(await sent(url, { headers, signal: gone.signal }));
  return {
    kind: 'legacy',
    request: async (method, params, signal) => {
      const id = nextId++;
      // In this era a lost connection cancels nothing: it has to be said.
      signal?.addEventListener('abort', () => {
        say({ method: 'notifications/cancelled', params: { requestId: id } }).catch(
          () => undefined,
        );
      });
      const body = { jsonrpc: '2.0', id, method, params };
      return answer(await post(url, body, headers, signal), id, (asked) =>
        say({ id: asked.id, result: accepted }),
      );
    },
    close: async () => {
      gone.abort();
      const ended = await sent(url, { method: 'DELETE', headers });
      await ended.body?.cancel();
    },
  };
}

async function openSse(url, { capabilities, headers }) {
  const abort = new AbortController();
  const stream = await sent(new URL('/sse', url), {
    headers: { ...headers, accept: 'text/event-stream' },
    signal: abort.signal,
  });
  if (!stream.ok) throw new Error(`/sse: HTTP ${stream.status}`);
  const incoming = events(stream.body);
  const endpoint = new URL((await incoming.next()).value.data, url);
  const waiting = new Map();
  let nextId = 1;
  const say = async (message) => {
    const said = await post(endpoint, { jsonrpc: '2.0', ...message }, headers);
    await said.body?.cancel();
  };
  const read = async () => {
    for await (const { data } of incoming) {
      const message = JSON.parse(data);
      if (message.method === undefined) waiting.get(message.id)?.(message);
      else if (message.id !== undefined) await say({ id: message.id, result: accepted });
    }
  };
  read().catch(() => undefined);
  const request = async (method, params, signal) => {
    const id = nextId++;
    const come = new Promise((resolve, reject) => {
      waiting.set(id, resolve);
      signal?.addEventListener('abort', () => reject(new Error('aborted')));
    });
    // It may come before anybody waits for it.
    come.catch(() => undefined);
    signal?.addEventListener('abort', () => {
      say({ method: 'notifications/cancelled', params: { requestId: id } }).catch(() => undefined);
    });
    try {
      await say({ id, method, params });
      return resultOf(await come);
    } finally {
      waiting.delete(id);
    }
  };
  await request('initialize', { protocolVersion: legacyVersion, capabilities, clientInfo });
  await say({ method: 'notifications/initialized' });
  return { kind: 'sse', request, close: async () => abort.abort() };
}

/** Reads a stream of news to its end, for as long as it stands; throws when it is none. */
async function drained(response) {
  if (!response.ok) throw new Error(`HTTP ${response.status}: ${await response.text()}`);
  const read = async () => {
    for await (const _ of response.body);
  };
  read().catch(() => undefined);
}

/**
 * A client opens connections before it needs them; one on which nothing comes for some seconds is closed with 408, and the first
 * request on it may cross that on its way: it was not read, and is sent again (RFC 9110, section 15.5.9).
 */
async function sent(url, init) {
  const response = await fetch(url, init);
  if (response.status !== 408) return response;
  await response.body?.cancel();
  return fetch(url, init);
}

function post(url, body, headers, signal) {
  return sent(url, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
    ...(signal && { signal }),
  });
}

/** The result that belongs to `id`, from JSON or from a stream in which the client may be asked before. */
async function answer(response, id, onAsked) {
  const type = response.headers.get('content-type') ?? '';
  if (!type.includes('text/event-stream')) {
    if (!type.includes('json'))
      throw new Error(`HTTP ${response.status}: ${await response.text()}`);
    return resultOf(await response.json());
  }
  for await (const { data } of events(response.body)) {
    const message = JSON.parse(data);
    if (message.method === undefined && message.id === id) return resultOf(message);
    if (message.method !== undefined && message.id !== undefined) await onAsked?.(message);
  }
  throw new Error('the stream ended without an answer');
}

function resultOf({ result, error }) {
  if (error !== undefined) throw new Error(`${error.code} ${error.message}`);
  return result;
}
