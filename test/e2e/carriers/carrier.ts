import type { LineClient } from '../../harness/line-client.ts';
import { decisionOf, type Message, pick } from '../../harness/message.ts';

/** One way in which a call that waits for a person reaches its caller, as a client of that kind goes about it. */
export interface Carrier {
  readonly name: string;
  /** How long the gate holds a request. */
  readonly hold: string;
  /** Whether the client has an answer while its call waits, and comes back; otherwise its request stays open. */
  readonly comesBack: boolean;
  open(client: LineClient): Promise<unknown>;
  /** Makes the call; gives the id of its request. */
  start(client: LineClient, tool: string): number;
  /** Whether this answer says that the call still waits. */
  waits(answer: Message): boolean;
  /** The next request of the same call, with what an answer gave to go on with; undefined when that was the last one. */
  goOn(client: LineClient, tool: string, answer: Message): number | undefined;
  /** Says that nobody wants the call any more; without it, that of the request which is open. */
  giveUp?(client: LineClient, answer: Message | undefined): void;
}

const call = (tool: string) => ({ name: `raw__${tool}`, arguments: { n: 1 } });

/** The client waits for as long as it takes; whatever becomes of it, it makes the identical call. */
const heldRequest: Carrier = {
  name: 'a held request',
  hold: '1m',
  comesBack: false,
  open: (client) => client.initialize(),
  start: (client, tool) => client.start('tools/call', call(tool)),
  waits: () => false,
  goOn: () => undefined,
};

const envelope = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'carriers', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': { elicitation: {} },
};

/** The client sends the request again with the state that it was given, and without one when that is refused. */
const rounds: Carrier = {
  name: 'rounds',
  hold: '300ms',
  comesBack: true,
  open: async (client) => client.wrap(envelope),
  start: (client, tool) => client.start('tools/call', call(tool)),
  waits: (answer) => pick(answer, 'result.resultType') === 'input_required',
  goOn: (client, tool, answer) => {
    const requestState = pick(answer, 'result.requestState');
    if (typeof requestState === 'string') {
      return client.start('tools/call', { ...call(tool), requestState });
    }
    return pick(answer, 'error.code') === -32602 ? rounds.start(client, tool) : undefined;
  },
};

/** The agent is told to repeat the identical call, and does. */
const pendingResult: Carrier = {
  name: 'a pending result',
  hold: '300ms',
  comesBack: true,
  open: (client) => client.initialize(),
  start: (client, tool) => client.start('tools/call', call(tool)),
  waits: (answer) => {
    const text = pick(answer, 'result.content.0.text');
    const isPending = typeof text === 'string' && text.startsWith('PENDING APPROVAL');
    return isPending && decisionOf(answer)['approval_id'] !== undefined;
  },
  goOn: (client, tool, answer) =>
    pendingResult.waits(answer) ? pendingResult.start(client, tool) : undefined,
};

/** Each goes through every row of the matrix. */
export const carriers: readonly Carrier[] = [heldRequest, rounds, pendingResult];
