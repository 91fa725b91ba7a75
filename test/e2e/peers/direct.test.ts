import path from 'node:path';
import { describe, it, onTestFinished } from 'vitest';
import type { Message } from '../../harness/message.ts';
import { root, type Scratch, scratch } from '../../harness/scratch.ts';
import type { Peer, Way } from '../../peers/peer.ts';
import { scenes } from '../../peers/scenes.ts';
import { openSdk1 } from '../../peers/sdk1-peer.ts';
import { openSdk2 } from '../../peers/sdk2-peer.ts';
import { readRecord, startHttp } from '../../peers/stage-servers.ts';

const fixture = path.join(root, 'test', 'fixtures', 'conformance-server.mjs');
const two = path.join(root, 'test', 'peers', 'sdk2-server.mjs');

const peers: Readonly<Record<string, (way: Way) => Promise<Peer>>> = {
  'client 1': openSdk1,
  'client 2, legacy': (way) => openSdk2('legacy', way),
  'client 2, modern': (way) => openSdk2('modern', way),
};

const servers: Readonly<Record<string, (house: Scratch) => Promise<Way> | Way>> = {
  'the fixture over stdio': ({ record }) => stdio([fixture, '--record', record]),
  'the fixture over HTTP': ({ record }) => http([fixture, '--http', '0', '--record', record]),
  'a server of SDK 2 over stdio': ({ record }) => stdio([two, record]),
};

/** What the peers can do without a gate: without it, a test through the gate says nothing. */
describe.each(Object.entries(peers))('%s', (_name, open) => {
  it.each(Object.entries(servers))('plays every scene with %s', async (_server, start) => {
    const house = await scratch({ servers: {} });
    const peer = await open(await start(house));
    onTestFinished(() => peer.close());
    const recorded = (): readonly Message[] => readRecord(house.record);
    for (const play of Object.values(scenes)) await play(peer, { prefix: '', recorded });
  });
});

function stdio(args: readonly string[]): Way {
  return { kind: 'stdio', command: process.execPath, args };
}

async function http(args: readonly string[]): Promise<Way> {
  return { kind: 'http', url: await startHttp(args) };
}
