import type { Era } from './eras.ts';

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
  /** In which it exists; a method of one alone is unknown in the other. */
  readonly eras: readonly Era[];
  readonly treatment: Treatment;
  readonly why: string;
}

type Row = readonly [
  method: string,
  from: Side | 'both',
  era: Era | 'both',
  treatment: Treatment,
  why: string,
];

const requests: readonly Row[] = [
  [
    'initialize',
    'client',
    'legacy',
    'local',
    'answered at once; each server has its own handshake',
  ],
  ['ping', 'both', 'legacy', 'local', 'says that this hop lives, not the next'],
  ['server/discover', 'client', 'modern', 'local', 'answered at once, before any server has come'],
  [
    'subscriptions/listen',
    'client',
    'modern',
    'local',
    'news of all servers on one stream; each resource in it is decided as `resources/subscribe`',
  ],
  ['tools/call', 'client', 'both', 'decide', 'acts on the world'],
  ['resources/read', 'client', 'both', 'decide', 'hands out data'],
  ['prompts/get', 'client', 'both', 'decide', 'puts text of a server into the model'],
  ['completion/complete', 'client', 'both', 'decide', 'sends what the user types to a server'],
  ['tools/list', 'client', 'both', 'filter', 'shows what could be called'],
  ['resources/list', 'client', 'both', 'filter', 'shows what could be read'],
  ['resources/templates/list', 'client', 'both', 'filter', 'shows what could be read'],
  ['prompts/list', 'client', 'both', 'filter', 'shows what could be got'],
  ['resources/subscribe', 'client', 'legacy', 'decide', 'has a server watch its data and tell'],
  [
    'resources/unsubscribe',
    'client',
    'legacy',
    'pass',
    'only takes back a subscription, which was decided',
  ],
  ['logging/setLevel', 'client', 'legacy', 'local', 'told to every server that logs'],
  ['sampling/createMessage', 'server', 'both', 'decide', "spends the client's model"],
  ['elicitation/create', 'server', 'both', 'decide', 'asks the user for data'],
  ['roots/list', 'server', 'both', 'decide', "hands out the client's folders"],
  [
    'tasks/get',
    'client',
    'modern',
    'pass',
    "only reads what became of a call that was decided, the caller's own",
  ],
  [
    'tasks/update',
    'client',
    'modern',
    'pass',
    "answers only questions that were decided, of a task of the caller's own",
  ],
  [
    'tasks/cancel',
    'client',
    'modern',
    'pass',
    "only ends a call that was decided, the caller's own",
  ],
  ['tasks/get', 'client', 'legacy', 'local', "the gate's own tasks, of a call that was decided"],
  ['tasks/result', 'client', 'legacy', 'local', "the gate's own tasks, of a call that was decided"],
  ['tasks/cancel', 'client', 'legacy', 'local', "the gate's own tasks, of the caller's own call"],
  ['tasks/list', 'client', 'legacy', 'refuse', 'a task is known to whoever holds its name'],
  ['tasks/get', 'server', 'legacy', 'refuse', 'the gate makes no tasks of what servers ask'],
  ['tasks/result', 'server', 'legacy', 'refuse', 'the gate makes no tasks of what servers ask'],
  ['tasks/list', 'server', 'legacy', 'refuse', 'the gate makes no tasks of what servers ask'],
  ['tasks/cancel', 'server', 'legacy', 'refuse', 'the gate makes no tasks of what servers ask'],
];

const notifications: readonly Row[] = [
  ['notifications/initialized', 'client', 'legacy', 'local', 'ends the handshake of this hop'],
  ['notifications/cancelled', 'both', 'both', 'local', 'request ids belong to one hop'],
  ['notifications/progress', 'server', 'both', 'local', 'progress tokens belong to one hop'],
  ['notifications/progress', 'client', 'legacy', 'local', 'progress tokens belong to one hop'],
  ['notifications/roots/list_changed', 'client', 'legacy', 'pass', 'servers that care ask again'],
  ['notifications/message', 'server', 'both', 'pass', "a server's log, for the client"],
  ['notifications/resources/updated', 'server', 'both', 'pass', 'answers a subscription'],
  ['notifications/resources/list_changed', 'server', 'both', 'local', 'the gate merges the lists'],
  ['notifications/tools/list_changed', 'server', 'both', 'local', 'the gate merges the lists'],
  ['notifications/prompts/list_changed', 'server', 'both', 'local', 'the gate merges the lists'],
  [
    'notifications/subscriptions/acknowledged',
    'server',
    'modern',
    'local',
    'subscriptions belong to one hop',
  ],
  ['notifications/elicitation/complete', 'server', 'legacy', 'pass', 'ends an elicitation by url'],
  ['notifications/tasks', 'server', 'modern', 'refuse', 'clients ask for the state of a task'],
  ['notifications/tasks/status', 'both', 'legacy', 'refuse', 'tasks of this era are not bridged'],
];

/** Every method of MCP 2024-11-05 to 2026-07-28 and of its tasks; what has no row here is refused. */
export const methods: readonly Method[] = [
  ...requests.map((row) => toMethod('request', row)),
  ...notifications.map((row) => toMethod('notification', row)),
];

function toMethod(kind: MessageKind, [method, from, era, treatment, why]: Row): Method {
  const eras: readonly Era[] = era === 'both' ? ['legacy', 'modern'] : [era];
  return { method, from, kind, eras, treatment, why };
}

type BySide = Readonly<Record<Side, Readonly<Record<MessageKind, ReadonlyMap<string, Method>>>>>;

const index: Readonly<Record<Era, BySide>> = { legacy: bySide('legacy'), modern: bySide('modern') };

function bySide(era: Era): BySide {
  const rowsOf = (side: Side) => ({
    request: rows(era, side, 'request'),
    notification: rows(era, side, 'notification'),
  });
  return { client: rowsOf('client'), server: rowsOf('server') };
}

function rows(era: Era, side: Side, kind: MessageKind): ReadonlyMap<string, Method> {
  const found = methods.filter(
    (row) =>
      row.kind === kind && row.eras.includes(era) && (row.from === side || row.from === 'both'),
  );
  return new Map(found.map((row) => [row.method, row]));
}

/**
 * The row of a message; `undefined` means refuse. `era` is what the client speaks: nothing that a server writes reaches a
 * client that does not know it.
 */
export function lookup(
  from: Side,
  kind: MessageKind,
  method: string,
  era: Era,
): Method | undefined {
  return index[era][from][kind].get(method);
}
