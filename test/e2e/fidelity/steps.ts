import { type Message, messageOf, pick, textAt } from '../../harness/message.ts';
import type { Step } from '../../harness/transcript.ts';

/** What a client answers when it is asked, on every side the same. */
export const replies: Readonly<Record<string, unknown>> = {
  'roots/list': { roots: [{ uri: 'file:///srv/one', name: 'one', 'x-r': 1 }] },
  'sampling/createMessage': {
    role: 'assistant',
    content: { type: 'text', text: 'sampled' },
    model: 'm',
    stopReason: 'endTurn',
    'x-s': { y: 1 },
  },
  'elicitation/create': { action: 'accept', content: { name: 'é🜁' }, 'x-e': [1] },
};

/** Any request; names of tools and prompts are the server's own. */
export function exchange(name: string, method: string, params: object = {}): Step {
  return {
    name,
    run: async ({ client, prefix }) => body(await client.request(method, named(params, prefix))),
  };
}

export function tool(name: string, args: object = {}, meta: object = {}): Step {
  const what = `${name} ${JSON.stringify({ ...args, ...meta }).slice(0, 60)}`;
  return exchange(what, 'tools/call', toolParams(name, args, meta));
}

/** Every item, and what the first page says beside them. */
export function everyPage(method: string, member: string, name = method): Step {
  return {
    name,
    run: async ({ client }) => {
      const { [member]: _, ...beside } = messageOf(pick(await client.request(method), 'result'));
      return { items: await client.list(method, member), beside };
    },
  };
}

/** An answer as it was written, from its result on. */
export function spelling(name: string): Step {
  return {
    name: `${name}, as it was written`,
    run: async ({ client, prefix }) => {
      const { id } = await client.request('tools/call', {
        name: `${prefix}${name}`,
        arguments: {},
      });
      const line = client.arrivals.find(({ message }) => message.id === id)?.text ?? '';
      return line.slice(line.indexOf('"result"'));
    },
  };
}

/** What the server was sent. */
export function echoed(args: object, params: object): Step {
  return {
    name: 'message',
    run: async ({ client, prefix }) => {
      const whole = { ...toolParams(`${prefix}message`, args, {}), ...params };
      const answer = await client.request('tools/call', whole);
      const seen = messageOf(JSON.parse(textAt(answer, 'result.content.0.text')));
      const sent = messageOf(seen.params);
      return { seen: { ...seen, params: { ...sent, name: sent['name'] } } };
    },
  };
}

/** A request of 2026-07-28 that is asked in its answers, round after round. */
export function rounds(name: string, method: string, params: object): Step {
  return {
    name,
    run: async ({ client, prefix }) => {
      const given: Message[] = [];
      let more = {};
      for (;;) {
        const answer = await client.request(method, { ...named(params, prefix), ...more });
        given.push(body(answer));
        const result = messageOf(answer['result']);
        if (result['resultType'] !== 'input_required') return { rounds: given };
        const questions = Object.entries(messageOf(result['inputRequests']));
        const answers = questions.map(([key, asked]) => [key, replies[textAt(asked, 'method')]]);
        more = {
          inputResponses: Object.fromEntries(answers),
          requestState: result['requestState'],
        };
      }
    },
  };
}

/** Calls a tool that changes the list, and waits for the news. */
export function changed(generation: string): Step {
  return {
    name: `change to ${generation}`,
    run: async (side) => {
      const method = 'notifications/tools/list_changed';
      const before = side.client.notifications(method).length;
      const answer = await tool('change', { generation }).run(side);
      await side.client.waitUntil(
        'list_changed',
        () => side.client.notifications(method).length > before || undefined,
      );
      return answer;
    },
  };
}

/** Calls a tool that tells of a resource, and waits for that. */
export const updated: Step = {
  name: 'update',
  run: async (side) => {
    const answer = await tool('update', { uri: 'raw://a' }).run(side);
    await side.client.waitUntil(
      'the update',
      () => side.client.notifications('notifications/resources/updated').length > 0 || undefined,
    );
    return answer;
  },
};

function toolParams(name: string, args: object, meta: object): object {
  const _meta = { progressToken: `t-${name}`, 'x/asked': [1, { two: null }], ...meta };
  return { name, arguments: args, _meta, 'x-param': { y: 1 } };
}

function named(params: object, prefix: string): object {
  const name = pick(params, 'name');
  const ref = pick(params, 'ref.name');
  return {
    ...params,
    ...(typeof name === 'string' && { name: `${prefix}${name}` }),
    ...(typeof ref === 'string' && {
      ref: { ...messageOf(pick(params, 'ref')), name: `${prefix}${ref}` },
    }),
  };
}

function body({ id: _id, ...rest }: Message): Message {
  return rest;
}
