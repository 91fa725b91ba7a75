import { describe, expect, it } from 'vitest';
import { pick, textAt } from '../../harness/message.ts';
import { allowAll, scratch } from '../../harness/scratch.ts';
import { clientsOf, type Era, rawServer, type Transport, transports } from './ways.ts';

const ways = (['legacy', 'modern'] as const).flatMap((era) =>
  transports[era].map((transport) => ({ era, transport })),
);
const sixty = Array.from({ length: 60 }, (_, index) => index + 1);

describe.each(['enforce', 'observe'] as const)('in %s mode', (mode) => {
  it('60 of 60 progress notifications that come in one chunk with the result arrive before it, from every server to every client', async () => {
    const house = await scratch({ mode, rules: allowAll });
    const servers: Record<string, object> = {};
    for (const { era, transport } of ways) {
      servers[keyOf(era, transport)] = (await rawServer(house, era, transport)).entry;
    }
    house.configure({ mcpServers: servers });
    const open = clientsOf(house);
    const heard: Record<string, unknown> = {};
    for (const { era, transport } of ways) {
      const client = await open(era, transport);
      if (era === 'legacy') await client.initialize();
      await client.list('tools/list', 'tools');
      for (const server of Object.keys(servers)) {
        const token = `${server} 🜁`;
        const answer = await client.request('tools/call', {
          name: `${server}__progress`,
          arguments: {},
          _meta: { progressToken: token },
        });
        expect(textAt(answer, 'result.content.0.text')).toBe('done');
        const until = client.arrivals.findIndex(({ message }) => message === answer);
        heard[`${server} to ${keyOf(era, transport)}`] = client.arrivals
          .slice(0, until)
          .map(({ message }) => message)
          .filter((message) => pick(message, 'params.progressToken') === token)
          .map((message) => pick(message, 'params.progress'));
      }
      await client.close();
    }
    expect(Object.keys(heard)).toHaveLength(ways.length ** 2);
    for (const [way, steps] of Object.entries(heard)) expect(steps, way).toEqual(sixty);
  });
});

function keyOf(era: Era, transport: Transport): string {
  return `${era}-${transport}`;
}
