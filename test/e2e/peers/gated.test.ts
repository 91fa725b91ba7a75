import { describe, expect, it, onTestFinished } from 'vitest';
import { allowAll, main, type Scratch, scratch } from '../../harness/scratch.ts';
import type { Peer, Way } from '../../peers/peer.ts';
import { scenes } from '../../peers/scenes.ts';
import { openSdk1 } from '../../peers/sdk1-peer.ts';
import { openSdk2 } from '../../peers/sdk2-peer.ts';
import { serveGate } from '../../peers/serve-gate.ts';
import { stageServers } from '../../peers/stage-servers.ts';

const client1 = (way: Way): Promise<Peer> => openSdk1(way);
const legacy2 = (way: Way): Promise<Peer> => openSdk2('legacy', way);
const modern2 = (way: Way): Promise<Peer> => openSdk2('modern', way);

type Reach = (house: Scratch) => Promise<Way> | Way;

const peers: readonly (readonly [string, (way: Way) => Promise<Peer>, Reach])[] = [
  ['client 1 over stdio', client1, overStdio],
  ['client 1 over HTTP', client1, overHttp],
  ['client 1 over HTTP+SSE', client1, overSse],
  ['client 2, legacy, over stdio', legacy2, overStdio],
  ['client 2, legacy, over HTTP', legacy2, overHttp],
  ['client 2, modern, over stdio', modern2, overStdio],
  ['client 2, modern, over HTTP', modern2, overHttp],
];

const servers = ['raw-legacy', 'raw-modern', 'raw-http', 'two-legacy', 'two-modern'];

describe('through the gate', () => {
  it.each(peers)('%s plays every scene with every server', async (_name, open, reach) => {
    const house = await scratch({ rules: allowAll });
    const { entries, stage } = await stageServers(house);
    house.configure({ mcpServers: entries });
    const peer = await open(await reach(house));
    onTestFinished(() => peer.close());
    for (const server of servers) {
      for (const [scene, play] of Object.entries(scenes)) {
        await play(peer, stage(server)).catch((cause) => {
          throw new Error(`"${scene}" with ${server}: ${cause}`, { cause });
        });
      }
    }
    await playWithEverything(peer);
  });
});

/** The reference server of SDK 1 has tools of its own. */
async function playWithEverything(peer: Peer): Promise<void> {
  expect(await peer.call('everything__echo', { message: 'é' })).toBe('Echo: é');
  const heard: number[] = [];
  const onProgress = (progress: number): void => {
    heard.push(progress);
  };
  const args = { duration: 0.3, steps: 3 };
  await peer.call('everything__trigger-long-running-operation', args, { onProgress });
  expect(heard.slice(0, 2)).toEqual([1, 2]);
}

function overStdio(house: Scratch): Way {
  const { PATH = '', MCP_GATE_HOME = '' } = house.env();
  const args = [main, 'run', '--config', house.configFile];
  return { kind: 'stdio', command: process.execPath, args, env: { PATH, MCP_GATE_HOME } };
}

async function overHttp(house: Scratch): Promise<Way> {
  const { origin } = await serveGate(house);
  return { kind: 'http', url: `${origin}/mcp` };
}

async function overSse(house: Scratch): Promise<Way> {
  const { origin } = await serveGate(house, { sse: true });
  return { kind: 'sse', url: `${origin}/sse` };
}
