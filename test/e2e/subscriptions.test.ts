import { describe, expect, it } from 'vitest';
import type { LineClient } from '../harness/line-client.ts';
import { type Message, pick } from '../harness/message.ts';
import { conformanceServer, scratch } from '../harness/scratch.ts';

type Era = 'legacy' | 'modern';

const uri = 'test://watched-resource';
const updated = 'notifications/resources/updated';
const acknowledged = 'notifications/subscriptions/acknowledged';
const change = { name: 'fix__test_touch_resource', arguments: {} };
const envelope = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'e2e', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

function touched(answer: Message): void {
  expect(pick(answer, 'result.content.0.text')).toBe('Touched');
}

/** Subscribes, has the server change the resource, and says whether the subscription was granted. */
const subscribers: Readonly<Record<Era, (client: LineClient) => Promise<boolean>>> = {
  legacy: async (client) => {
    await client.initialize();
    const answer = await client.request('resources/subscribe', { uri });
    touched(await client.request('tools/call', change));
    return answer.error === undefined;
  },
  modern: async (client) => {
    const notifications = { resourceSubscriptions: [uri] };
    const id = client.start('subscriptions/listen', { notifications, _meta: envelope });
    const what = 'the acknowledgement';
    const said = await client.waitFor(what, ({ message }) => message.method === acknowledged);
    expect(pick(said, 'params._meta')).toMatchObject({
      'io.modelcontextprotocol/subscriptionId': id,
    });
    touched(await client.request('tools/call', { ...change, _meta: envelope }));
    return pick(said, 'params.notifications.resourceSubscriptions.0') === uri;
  },
};

const rules = {
  'watching.rego': `package gate.rules.watching

allow contains {"id": "watching.all", "reason": "this test allows everything else"} if true

deny contains {"id": "watching.shut", "reason": "nobody watches here"} if {
	input.action.name == "resources/subscribe"
	input.resource.type == "resource"
	input.resource.properties.arguments.uri == "${uri}"
	input.context.environment == "shut"
}
`,
};

describe.each<Era>(['legacy', 'modern'])('a subscription of a %s client', (client) => {
  it.each<[environment: string, mode: 'observe' | 'enforce', server: Era]>(
    (['legacy', 'modern'] as const).flatMap((server) => [
      ['open', 'enforce', server],
      ['shut', 'enforce', server],
      ['shut', 'observe', server],
    ]),
  )('where policy is %s, in mode %s, at a %s server', async (environment, mode, server) => {
    const args = [conformanceServer];
    const fix = { command: process.execPath, args, gate: { protocol: server } };
    const house = await scratch({ mode, rules, servers: { fix }, config: { environment } });
    const agent = house.start();
    const goesThrough = environment === 'open' || mode === 'observe';
    expect(await subscribers[client](agent)).toBe(goesThrough);
    if (goesThrough) {
      await agent.waitFor('the news', ({ message }) => message.method === updated);
    }
    // The server tells of the change before it answers the call.
    expect(agent.notifications(updated)).toHaveLength(goesThrough ? 1 : 0);
    await agent.close();
    const journal = (await house.journal()).map(({ body }) => body);
    const decisions = journal.filter((body) => body['action'] === 'resources/subscribe');
    expect(decisions).toMatchObject([
      {
        server: 'fix',
        tool: uri,
        outcome: environment === 'open' ? 'allow' : 'deny',
        enforced: mode === 'enforce',
      },
    ]);
    const id = decisions[0]?.['decision_id'];
    const outcomes = journal.filter(
      (body) => body['kind'] === 'outcome' && body['decision_id'] === id,
    );
    expect(outcomes.map(({ status }) => status)).toEqual(goesThrough ? ['executed'] : []);
  });
});

it('a hidden tool, resource or prompt is in no list of either era', async () => {
  const hiding = `package gate.rules.hiding

allow contains {"id": "hiding.all", "reason": "this test allows everything"} if true

hide contains {"id": "hiding.some", "reason": "not for this client"} if {
	input.resource.properties.tool in {"test_simple_text", "test://static-text", "test_simple_prompt"}
}
`;
  const fix = { command: process.execPath, args: [conformanceServer] };
  const house = await scratch({ rules: { 'hiding.rego': hiding }, servers: { fix } });
  const legacy = await house.open();
  for (const [member, hidden, shown] of [
    ['tools', 'test_simple_text', 'test_error_handling'],
    ['resources', 'test://static-text', uri],
    ['prompts', 'test_simple_prompt', 'test_prompt_with_arguments'],
  ] as const) {
    const ofLegacy = JSON.stringify(await legacy.request(`${member}/list`, {}));
    const ofModern = JSON.stringify(await legacy.request(`${member}/list`, { _meta: envelope }));
    for (const list of [ofLegacy, ofModern]) {
      expect(list).toContain(`${shown}"`);
      expect(list).not.toContain(`${hidden}"`);
    }
  }
});
