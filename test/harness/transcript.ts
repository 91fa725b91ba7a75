import { differences, type Message, messageOf, pick, withoutMarks } from './message.ts';
import type { RawClient, Reply } from './raw-client.ts';

/** A client together with how names read on its side: with the gate's prefix, or without. */
export interface Side {
  readonly client: RawClient;
  readonly prefix: string;
}

/** One request and the name under which its answer is compared. */
export interface Step {
  readonly name: string;
  run(side: Side): Promise<unknown>;
}

/** Any request; `prompt` names and tool names in it are the server's own. */
export function ask(method: string, params: object = {}, name = method): Step {
  return { name, run: async ({ client }) => body(await client.request(method, params)) };
}

/** A tool call with everything that came for it: progress first, then the answer. */
export function call(tool: string, args: object = {}, params: object = {}): Step {
  return {
    name: `${tool} ${JSON.stringify(args).slice(0, 60)}`,
    run: async ({ client, prefix }) => {
      const progressToken = `token-${tool}-${client.arrivals.length}`;
      const answer = await client.request('tools/call', {
        name: `${prefix}${tool}`,
        arguments: args,
        _meta: { progressToken, 'x/asked': [1, { two: null }] },
        ...params,
      });
      const progress = client
        .notifications('notifications/progress')
        .map(({ message }) => messageOf(message.params))
        .filter((each) => pick(each, 'progressToken') === progressToken)
        .map((each) => ({ ...each, progressToken: undefined }));
      return { progress, ...body(answer) };
    },
  };
}

/** Every page of a list, with the prefix taken off the names. */
export function list(method: string, member: string): Step {
  return {
    name: method,
    run: async ({ client, prefix }) =>
      (await client.list(method, member)).map((item) => unprefixed(item, prefix)),
  };
}

/** The answers of one side, by step, as text in between so that nothing is shared. */
export async function transcript(side: Side, steps: readonly Step[]): Promise<Message> {
  const answers: [string, unknown][] = [];
  for (const step of steps) answers.push([step.name, await step.run(side)]);
  return messageOf(JSON.parse(JSON.stringify(Object.fromEntries(answers))));
}

/**
 * Where the gate's answers differ from the server's own. A place at which the server differs from itself between two
 * runs (a time of day, a random id) only has to hold the same kind of value.
 */
export function deviations(direct: Message, again: Message, gated: Message): string[] {
  const unstable = new Set(differences(direct, again).map(place));
  return differences(direct, withoutMarks(gated)).filter(
    (each) =>
      !unstable.has(place(each)) || kindAt(direct, place(each)) !== kindAt(gated, place(each)),
  );
}

/** Answers the server's requests the same way on every side and keeps what was asked. */
export function answering(
  client: RawClient,
  replies: Readonly<Record<string, unknown>>,
): unknown[] {
  const asked: unknown[] = [];
  client.onRequest(({ id: _id, ...request }): Reply => {
    asked.push(request);
    const result = replies[String(request.method)];
    return result === undefined ? { error: { code: -32601, message: 'not here' } } : { result };
  });
  return asked;
}

function unprefixed(item: Message, prefix: string): Message {
  const name = pick(item, 'name');
  return typeof name === 'string' && name.startsWith(prefix)
    ? { ...item, name: name.slice(prefix.length) }
    : item;
}

function body({ id: _id, ...rest }: Message): Message {
  return rest;
}

function place(difference: string): string {
  return difference.slice(0, difference.indexOf(': '));
}

function kindAt(value: unknown, pointer: string): string {
  const found = pointer
    .split('/')
    .slice(1)
    .reduce<unknown>((at, key) => pick(at, key), value);
  return Array.isArray(found) ? 'array' : typeof found;
}
