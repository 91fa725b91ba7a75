import net from 'node:net';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { pick, textAt } from '../harness/message.ts';
import { allowAll, root, type Scratch, scratch } from '../harness/scratch.ts';
import { until } from '../harness/until.ts';
import { modernRequest, openRawSession, post, type RawAnswer } from '../peers/raw-http.ts';
import { type ServedGate, serveGate } from '../peers/serve-gate.ts';
import { readRecord, startHttp } from '../peers/stage-servers.ts';

const fixture = path.join(root, 'test', 'fixtures', 'conformance-server.mjs');
const hostile = path.join(root, 'test', 'fixtures', 'hostile-remote.mjs');
const asks = { elicitation: {} };
const yes = { answer: { action: 'accept', content: { response: 'yes' } } };

it('10,000 connections that are opened and dropped leave no memory and no call without a decision', async () => {
  const { house, gate, url } = await open();
  const session = await openRawSession(url);
  const kinds = rudeKinds(gate, session['mcp-session-id'] ?? '');
  // Warm: what the heap has once grown to it does not always give back, and many calls at once start the store's thread.
  for (let round = 0; round < 5; round += 1) {
    await Promise.all(Array.from({ length: 64 }, () => callEcho(url)));
  }
  let before = 0;
  for (let wave = 0; wave < 20; wave += 1) {
    await rudeWave(gate.port, kinds, 250);
    before = Math.max(before, await residentBytes(gate));
  }
  for (let wave = 0; wave < 40; wave += 1) await rudeWave(gate.port, kinds, 250);
  await until('memory as before', async () => {
    await callEcho(url);
    return (await residentBytes(gate)) < before * 1.2;
  });
  await until('nothing in flight', async () =>
    /^mcp_gate_http_in_flight 0$/m.test(await metrics(gate)),
  );
  expect(gate.exitCode()).toBeNull();
  await everyCallWasDecided(house);
});

it('300 clients that send a letter now and then keep nobody else out, and are cut off', async () => {
  const { gate, url } = await open();
  let open_ = 0;
  const sockets = Array.from({ length: 300 }, () => {
    const socket = net.connect(gate.port, '127.0.0.1', () =>
      socket.write('POST /mcp HTTP/1.1\r\n'),
    );
    const timer = setInterval(() => socket.write('x'), 500);
    open_ += 1;
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearInterval(timer);
      open_ -= 1;
    });
    return socket;
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  expect(await callEcho(url)).toBe('still here');
  await until('the end of the slow ones', () => open_ === 0);
  expect(await callEcho(url)).toBe('still here');
});

it('a server that never answers holds nobody but its caller', async () => {
  const { house, gate, url } = await open();
  for (const tool of ['far__never', 'far__trickle']) {
    const abort = new AbortController();
    const call = modernRequest(url, 'tools/call', { name: tool }, { signal: abort.signal });
    const failed = expect(call).rejects.toThrow();
    await until('the call at the server', () => ran(house, tool.slice(5)) === 1);
    expect(await callFine(url)).toBe('fine');
    abort.abort();
    await failed;
    const { id } = farRecord(house).find((fact) => fact['tool'] === tool.slice(5)) ?? {};
    await until('the cancellation', () =>
      farRecord(house).some(({ cancelled }) => cancelled === id),
    );
  }
  expect(gate.exitCode()).toBeNull();
  await everyCallWasDecided(house);
});

it('answers of 100 MB are errors, and are not kept', async () => {
  const { house, gate, url } = await open();
  await callFine(url);
  const before = await residentBytes(gate);
  for (let round = 0; round < 5; round += 1) {
    const answer = await modernRequest(url, 'tools/call', { name: 'far__huge' });
    expect(isRefused(answer)).toBe(true);
    expect(await callFine(url)).toBe('fine');
  }
  await until('memory for less than two of them', async () => {
    await callEcho(url);
    return (await residentBytes(gate)) < before + 200_000_000;
  });
  await everyCallWasDecided(house);
});

it('a redirection to another host is not followed', async () => {
  const { house, url } = await open();
  const answer = await modernRequest(url, 'tools/call', { name: 'far__away' });
  expect(isRefused(answer)).toBe(true);
  expect(await callFine(url)).toBe('fine');
  expect(farRecord(house).filter(({ visited }) => visited !== undefined)).toEqual([]);
});

it('a requestState goes on with its own call once, and with no other', async () => {
  const { house, url } = await open();
  const ask = (
    more: object,
    name = 'near__test_elicitation',
    message = 'who?',
  ): Promise<RawAnswer> =>
    modernRequest(
      url,
      'tools/call',
      { name, arguments: { message }, ...more },
      { capabilities: asks },
    );
  const asked = async (): Promise<object> => {
    const { message } = await ask({});
    const key = Object.keys(Object(pick(message, 'result.inputRequests')))[0] ?? '';
    return {
      requestState: textAt(message, 'result.requestState'),
      inputResponses: { [key]: yes.answer },
    };
  };
  const given = await asked();
  expect(textOf(await ask(given))).toContain('"response":"yes"');
  expect(isRefused(await ask(given)), 'replayed').toBe(true);
  expect(isRefused(await ask(await asked(), undefined, 'somebody else?')), 'other words').toBe(
    true,
  );
  expect(isRefused(await ask(await asked(), 'near__test_sampling')), 'another tool').toBe(true);
  const bent = { ...(await asked()), requestState: 'x.y' };
  expect(isRefused(await ask(bent)), 'bent').toBe(true);
  await everyCallWasDecided(house);
});

it('a session id is the gate’s choice', async () => {
  const { house, url } = await open();
  const chosen = { 'mcp-session-id': 'chosen-by-the-attacker' };
  const session = await openRawSession(url, chosen);
  expect(session['mcp-session-id']).not.toBe(chosen['mcp-session-id']);
  const call = { id: 1, method: 'tools/call', params: { name: 'near__test_simple_text' } };
  expect((await post(url, call, { headers: chosen })).status).toBe(404);
  expect(await house.journal('decision')).toEqual([]);
});

it('500 calls whose headers say something else than their bodies are neither decided nor run', async () => {
  const { house, url } = await open();
  const params = { name: 'near__test_simple_text', arguments: {} };
  const lies = [
    { 'mcp-name': 'near__test_echo' },
    { 'mcp-method': 'tools/list' },
    { 'mcp-method': 'TOOLS/CALL' },
    { 'mcp-protocol-version': '2025-11-25' },
    { 'mcp-name': '=?base64?bmVhcl9fdGVzdF9zaW1wbGVfdGV4dA?=' },
  ];
  for (let round = 0; round < 10; round += 1) {
    const sent = Array.from({ length: 50 }, (_, index) =>
      modernRequest(url, 'tools/call', params, { headers: lies[index % lies.length] ?? {} }),
    );
    for (const { status } of await Promise.all(sent)) expect(status).toBe(400);
  }
  expect(await house.journal('decision')).toEqual([]);
  expect(nearRecord(house)).toEqual([]);
  expect(textOf(await modernRequest(url, 'tools/call', params))).toContain('simple text');
});

interface Opened {
  readonly house: Scratch;
  readonly gate: ServedGate;
  readonly url: string;
}

/** A gate over HTTP with the fixture of the legacy era near, and a hostile server far away. */
async function open(): Promise<Opened> {
  const house = await scratch({ rules: allowAll });
  const farUrl = await startHttp([hostile, path.join(house.dir, 'far.jsonl')]);
  const near = [fixture, '--record', path.join(house.dir, 'near.jsonl')];
  house.configure({
    mcpServers: {
      near: { command: process.execPath, args: near, gate: { protocol: 'legacy' } },
      far: { type: 'http', url: farUrl, gate: { protocol: 'legacy' } },
    },
  });
  const gate = await serveGate(house);
  return { house, gate, url: `${gate.origin}/mcp` };
}

function nearRecord(house: Scratch) {
  return readRecord(path.join(house.dir, 'near.jsonl'));
}

function farRecord(house: Scratch) {
  return readRecord(path.join(house.dir, 'far.jsonl'));
}

function ran(house: Scratch, name: string): number {
  return farRecord(house).filter(({ tool }) => tool === name).length;
}

/** No server has run more calls than the journal has decisions for. */
async function everyCallWasDecided(house: Scratch): Promise<void> {
  const calls = [...nearRecord(house), ...farRecord(house)].filter(
    ({ tool }) => tool !== undefined,
  );
  const decisions = await house.journal('decision');
  expect(decisions.length).toBeGreaterThanOrEqual(calls.length);
}

async function callEcho(url: string): Promise<string> {
  const params = { name: 'near__test_echo', arguments: { text: 'still here' } };
  return textOf(await modernRequest(url, 'tools/call', params));
}

async function callFine(url: string): Promise<string> {
  return textOf(await modernRequest(url, 'tools/call', { name: 'far__fine' }));
}

function textOf({ message }: RawAnswer): string {
  return textAt(message, 'result.content.0.text');
}

function isRefused({ message }: RawAnswer): boolean {
  return pick(message, 'error') !== undefined || pick(message, 'result.isError') === true;
}

async function metrics({ origin }: ServedGate): Promise<string> {
  return (await fetch(`${origin}/metrics`)).text();
}

async function residentBytes(gate: ServedGate): Promise<number> {
  return Number(/^process_resident_memory_bytes (\S+)$/m.exec(await metrics(gate))?.[1]);
}

/** What a connection says before it is dropped. */
function rudeKinds({ port }: ServedGate, session: string): readonly string[] {
  const host = `Host: 127.0.0.1:${port}\r\n`;
  const sse = 'Accept: application/json, text/event-stream\r\n';
  const modern =
    'Mcp-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: near__test_echo\r\n';
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const params = { name: 'near__test_echo', arguments: { text: 'rude' }, _meta };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
  const head = `POST /mcp HTTP/1.1\r\n${host}Content-Type: application/json\r\n${sse}${modern}`;
  return [
    ...['', '', '', '', ''],
    `POST /mcp HTTP/1.1\r\n${host}Content-Le`,
    `${head}Content-Length: ${body.length}\r\n\r\n${body.slice(0, 40)}`,
    `${head}Content-Length: ${body.length}\r\n\r\n${body}`,
    `GET /mcp HTTP/1.1\r\n${host}Accept: text/event-stream\r\nMcp-Session-Id: ${session}\r\n\r\n`,
  ];
}

/** So many connections at once, each dropped as soon as what it says is written. */
async function rudeWave(port: number, kinds: readonly string[], count: number): Promise<void> {
  await Promise.all(
    Array.from(
      { length: count },
      (_, index) =>
        new Promise<void>((resolve) => {
          const words = kinds[index % kinds.length] ?? '';
          const socket = net.connect(port, '127.0.0.1', () => {
            socket.write(words, () => setTimeout(() => socket.destroy(), 5));
          });
          socket.on('error', () => undefined);
          socket.on('close', () => resolve());
        }),
    ),
  );
}
