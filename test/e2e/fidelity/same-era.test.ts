import { afterAll, describe, expect, it } from 'vitest';
import { listAt, type Message, messageOf, textAt } from '../../harness/message.ts';
import type { RawClient } from '../../harness/raw-client.ts';
import { allowAll, scratch } from '../../harness/scratch.ts';
import { answering, type Step, transcript } from '../../harness/transcript.ts';
import { type Allowed, allowed, unmeant } from './allowed.ts';
import { legacySteps } from './legacy-steps.ts';
import { modernSteps } from './modern-steps.ts';
import { replies } from './steps.ts';
import { clientsOf, type Era, rawServer, transports } from './ways.ts';

const steps: Readonly<Record<Era, readonly Step[]>> = { legacy: legacySteps, modern: modernSteps };
const modes = ['enforce', 'observe'] as const;
const cases = modes.flatMap((mode) =>
  (['legacy', 'modern'] as const).flatMap((era) =>
    transports[era].map((server) => ({ mode, era, server })),
  ),
);

describe('a server full of unknown members says the same through the gate', () => {
  const used = new Set<Allowed>();
  let compared = 0;

  it.each(cases)(
    '$era over $server, in $mode mode, over every transport of its era',
    async ({ mode, era, server }) => {
      const house = await scratch({ mode, rules: allowAll });
      const raw = await rawServer(house, era, server);
      house.configure({ mcpServers: { raw: raw.entry } });
      const direct = await said(raw.direct(), era, '');
      expect(uncalled(direct, era), 'tools that no step calls').toEqual([]);
      const open = clientsOf(house);
      for (const transport of transports[era]) {
        const gated = await said(await open(era, transport), era, 'raw__');
        expect(unmeant(direct, gated, used), `a client over ${transport}`).toEqual([]);
        compared += 1;
      }
    },
  );

  afterAll(() => {
    const all = cases.reduce((sum, { era }) => sum + transports[era].length, 0);
    // A run of some of the rows says nothing of the whole table.
    if (compared === all) expect(allowed.filter((row) => !used.has(row))).toEqual([]);
  });
});

/** Everything that one side says: the answer of every step, every question and every notification, in order. */
async function said(client: RawClient, era: Era, prefix: string): Promise<Message> {
  const asked = answering(client, replies);
  const greeting =
    era === 'legacy'
      ? await client.initialize({ roots: {}, sampling: { 'x/s': 1 }, elicitation: {} })
      : await client.request('server/discover');
  const answers = await transcript({ client, prefix }, steps[era]);
  await client.close();
  const told = client.arrivals
    .map(({ message }) => message)
    .filter(({ id, method }) => id === undefined && !isListChange(method));
  const acknowledged = told.filter(isAcknowledgement);
  const rest = told.filter((each) => !isAcknowledgement(each));
  const all = { greeting, acknowledged, ...answers, asked, told: rest };
  return messageOf(JSON.parse(JSON.stringify(all)));
}

/** Forged marks, ends and noise have tests of their own. */
const elsewhere = new Set(['forged', 'crash', 'silent', 'garbage']);

function uncalled(direct: Message, era: Era): readonly string[] {
  const called = new Set(steps[era].map(({ name }) => name.split(/[ ,]/)[0]));
  return listAt(direct['tools/list'], 'items')
    .map((item) => textAt(item, 'name'))
    .filter((name) => !called.has(name) && !elsewhere.has(name));
}

function isAcknowledgement({ method }: Message): boolean {
  return method === 'notifications/subscriptions/acknowledged';
}

/** The gate tells of its own list; that it does is a step. */
function isListChange(method: unknown): boolean {
  return String(method).endsWith('/list_changed');
}
