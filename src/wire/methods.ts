/** Which side of the gate a message comes from. */
export type Side = 'client' | 'server';

/**
 * `decide`: policy says. `filter`: answered by the gate with what policy lets the client see. `pass`: relayed. `local`: the
 * gate itself is the far side. `refuse`: answered with "method not found"; a notification is dropped.
 */
export type Treatment = 'decide' | 'filter' | 'pass' | 'local' | 'refuse';

export type MessageKind = 'request' | 'notification';

export interface Method {
  readonly method: string;
  readonly from: Side | 'both';
  readonly kind: MessageKind;
  readonly treatment: Treatment;
  readonly why: string;
}

type Row = readonly [method: string, from: Side | 'both', treatment: Treatment, why: string];

const requests: readonly Row[] = [
  ['initialize', 'client', 'local', 'answered at once; each upstream has a handshake of its own'],
  ['ping', 'both', 'local', 'says that this hop lives, not the next'],
  ['server/discover', 'client', 'refuse', 'modern clients then fall back to initialize'],
  ['tools/call', 'client', 'decide', 'acts on the world'],
  ['resources/read', 'client', 'decide', 'hands out data'],
  ['prompts/get', 'client', 'decide', 'puts text of a server into the model'],
  ['completion/complete', 'client', 'decide', 'sends what the user types to a server'],
  ['tools/list', 'client', 'filter', 'shows what could be called'],
  ['resources/list', 'client', 'filter', 'shows what could be read'],
  ['resources/templates/list', 'client', 'filter', 'shows what could be read'],
  ['prompts/list', 'client', 'filter', 'shows what could be got'],
  ['resources/subscribe', 'client', 'pass', 'brings only the news that a read would be worth it'],
  ['resources/unsubscribe', 'client', 'pass', 'takes back a subscription'],
  ['logging/setLevel', 'client', 'local', 'told to every server that logs'],
  ['sampling/createMessage', 'server', 'decide', "spends the client's model on a server's prompt"],
  ['elicitation/create', 'server', 'decide', 'asks the user for data'],
  ['roots/list', 'server', 'decide', "hands out the client's folders"],
  ['tasks/get', 'both', 'refuse', 'tasks are not bridged'],
  ['tasks/result', 'both', 'refuse', 'tasks are not bridged'],
  ['tasks/list', 'both', 'refuse', 'tasks are not bridged'],
  ['tasks/cancel', 'both', 'refuse', 'tasks are not bridged'],
];

const notifications: readonly Row[] = [
  ['notifications/initialized', 'client', 'local', 'ends the handshake of this hop'],
  ['notifications/cancelled', 'both', 'local', 'request ids belong to one hop'],
  ['notifications/progress', 'both', 'local', 'progress tokens belong to one hop'],
  ['notifications/roots/list_changed', 'client', 'pass', 'servers that care ask again'],
  ['notifications/message', 'server', 'pass', "a server's log, for the client"],
  ['notifications/resources/updated', 'server', 'pass', 'answers a subscription'],
  ['notifications/resources/list_changed', 'server', 'local', 'the merged list is made anew'],
  ['notifications/tools/list_changed', 'server', 'local', 'the merged list is made anew'],
  ['notifications/prompts/list_changed', 'server', 'local', 'the merged list is made anew'],
  ['notifications/elicitation/complete', 'server', 'pass', 'ends an elicitation by url'],
  ['notifications/tasks/status', 'both', 'refuse', 'tasks are not bridged'],
];

/** Every method of MCP 2024-11-05 to 2025-11-25; what has no row here is refused. */
export const methods: readonly Method[] = [
  ...requests.map((row) => toMethod('request', row)),
  ...notifications.map((row) => toMethod('notification', row)),
];

function toMethod(kind: MessageKind, [method, from, treatment, why]: Row): Method {
  return { method, from, kind, treatment, why };
}

const index: Readonly<Record<Side, Readonly<Record<MessageKind, ReadonlyMap<string, Method>>>>> = {
  client: { request: rowsOf('client', 'request'), notification: rowsOf('client', 'notification') },
  server: { request: rowsOf('server', 'request'), notification: rowsOf('server', 'notification') },
};

function rowsOf(side: Side, kind: MessageKind): ReadonlyMap<string, Method> {
  const rows = methods.filter(
    (row) => row.kind === kind && (row.from === side || row.from === 'both'),
  );
  return new Map(rows.map((row) => [row.method, row]));
}

/** The row of a message; `undefined` means refuse. */
export function lookup(from: Side, kind: MessageKind, method: string): Method | undefined {
  return index[from][kind].get(method);
}
