import path from 'node:path';
import { SessionClient, StatelessClient, StreamClient } from '../../harness/http-client.ts';
import type { RawClient } from '../../harness/raw-client.ts';
import { root, type Scratch } from '../../harness/scratch.ts';
import { type ServedGate, serveGate } from '../../peers/serve-gate.ts';
import { startHttp } from '../../peers/stage-servers.ts';

export type Era = 'legacy' | 'modern';
export type Transport = 'stdio' | 'http' | 'sse';

/** How each era travels. */
export const transports: Readonly<Record<Era, readonly Transport[]>> = {
  legacy: ['stdio', 'http', 'sse'],
  modern: ['stdio', 'http'],
};

/** What a client of 2026-07-28 says with every request, unknown members and all. */
export const envelope = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1', 'x-client': [1, null] },
  'io.modelcontextprotocol/clientCapabilities': {
    sampling: { 'x/s': 1 },
    elicitation: { form: {} },
    roots: {},
  },
};

const fixture = path.join(root, 'test', 'fixtures', 'raw-everything.mjs');

/** A raw server: its entry for the gate, and a client that reaches it without one. */
export interface RawServer {
  readonly entry: object;
  direct(): RawClient;
}

export async function rawServer(
  house: Scratch,
  era: Era,
  transport: Transport,
): Promise<RawServer> {
  const gate = { protocol: era };
  const args = [fixture, house.record, '--era', era];
  if (transport === 'stdio') {
    const entry = { command: process.execPath, args, gate };
    return { entry, direct: () => spoken(house.direct(entry), era) };
  }
  const origin = new URL(await startHttp([...args, '--http'])).origin;
  const url = addressOf(origin, transport);
  return { entry: { type: transport, url, gate }, direct: () => client(origin, era, transport) };
}

/** Clients of gates over one config; each transport has its gate, which is started when it is first needed. */
export function clientsOf(house: Scratch): (era: Era, transport: Transport) => Promise<RawClient> {
  let served: Promise<ServedGate> | undefined;
  return async (era, transport) => {
    if (transport === 'stdio') return spoken(house.start(), era);
    served ??= serveGate(house, { sse: true });
    return client((await served).origin, era, transport);
  };
}

function client(origin: string, era: Era, transport: Transport): RawClient {
  const url = addressOf(origin, transport);
  if (transport === 'sse') return new StreamClient(url);
  return spoken(era === 'modern' ? new StatelessClient(url) : new SessionClient(url), era);
}

function spoken(opened: RawClient, era: Era): RawClient {
  if (era === 'modern') opened.wrap(envelope);
  return opened;
}

function addressOf(origin: string, transport: Transport): string {
  return `${origin}${transport === 'sse' ? '/sse' : '/mcp'}`;
}
