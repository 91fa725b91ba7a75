import { describe, expect, it } from 'vitest';
import type { Era } from '../../src/wire/eras.ts';
import { lookup, methods } from '../../src/wire/methods.ts';

/** What the gate does with each method; a change here is a change of what it lets through. */
const pinned: readonly [era: Era, from: string, kind: string, treatment: string, string][] = [
  [
    'legacy',
    'client',
    'request',
    'decide',
    'tools/call resources/read prompts/get completion/complete resources/subscribe',
  ],
  [
    'legacy',
    'client',
    'request',
    'filter',
    'tools/list resources/list resources/templates/list prompts/list',
  ],
  ['legacy', 'client', 'request', 'pass', 'resources/unsubscribe'],
  [
    'legacy',
    'client',
    'request',
    'local',
    'initialize ping logging/setLevel tasks/get tasks/result tasks/cancel',
  ],
  ['legacy', 'client', 'request', 'refuse', 'tasks/list'],
  ['legacy', 'client', 'notification', 'decide', ''],
  ['legacy', 'client', 'notification', 'filter', ''],
  ['legacy', 'client', 'notification', 'pass', 'notifications/roots/list_changed'],
  [
    'legacy',
    'client',
    'notification',
    'local',
    'notifications/initialized notifications/cancelled notifications/progress',
  ],
  ['legacy', 'client', 'notification', 'refuse', 'notifications/tasks/status'],
  ['legacy', 'server', 'request', 'decide', 'sampling/createMessage elicitation/create roots/list'],
  ['legacy', 'server', 'request', 'filter', ''],
  ['legacy', 'server', 'request', 'pass', ''],
  ['legacy', 'server', 'request', 'local', 'ping'],
  ['legacy', 'server', 'request', 'refuse', 'tasks/get tasks/result tasks/list tasks/cancel'],
  ['legacy', 'server', 'notification', 'decide', ''],
  ['legacy', 'server', 'notification', 'filter', ''],
  [
    'legacy',
    'server',
    'notification',
    'pass',
    'notifications/message notifications/resources/updated notifications/elicitation/complete',
  ],
  [
    'legacy',
    'server',
    'notification',
    'local',
    'notifications/cancelled notifications/progress notifications/resources/list_changed notifications/tools/list_changed notifications/prompts/list_changed',
  ],
  ['legacy', 'server', 'notification', 'refuse', 'notifications/tasks/status'],
  [
    'modern',
    'client',
    'request',
    'decide',
    'tools/call resources/read prompts/get completion/complete',
  ],
  [
    'modern',
    'client',
    'request',
    'filter',
    'tools/list resources/list resources/templates/list prompts/list',
  ],
  ['modern', 'client', 'request', 'pass', 'tasks/get tasks/update tasks/cancel'],
  ['modern', 'client', 'request', 'local', 'server/discover subscriptions/listen'],
  ['modern', 'client', 'request', 'refuse', ''],
  ['modern', 'client', 'notification', 'decide', ''],
  ['modern', 'client', 'notification', 'filter', ''],
  ['modern', 'client', 'notification', 'pass', ''],
  ['modern', 'client', 'notification', 'local', 'notifications/cancelled'],
  ['modern', 'client', 'notification', 'refuse', ''],
  ['modern', 'server', 'request', 'decide', 'sampling/createMessage elicitation/create roots/list'],
  ['modern', 'server', 'request', 'filter', ''],
  ['modern', 'server', 'request', 'pass', ''],
  ['modern', 'server', 'request', 'local', ''],
  ['modern', 'server', 'request', 'refuse', ''],
  ['modern', 'server', 'notification', 'decide', ''],
  ['modern', 'server', 'notification', 'filter', ''],
  [
    'modern',
    'server',
    'notification',
    'pass',
    'notifications/message notifications/resources/updated',
  ],
  [
    'modern',
    'server',
    'notification',
    'local',
    'notifications/cancelled notifications/progress notifications/resources/list_changed notifications/tools/list_changed notifications/prompts/list_changed notifications/subscriptions/acknowledged',
  ],
  ['modern', 'server', 'notification', 'refuse', 'notifications/tasks'],
];

describe('the method table', () => {
  it.each(pinned)(
    'of the %s era, from the %s, %s: %s "%s"',
    (era, from, kind, treatment, names) => {
      const found = methods.filter(
        (row) =>
          row.eras.includes(era) &&
          (row.from === from || row.from === 'both') &&
          row.kind === kind &&
          row.treatment === treatment,
      );
      expect(found.map((row) => row.method).join(' ')).toBe(names);
    },
  );

  it('is what lookup answers', () => {
    for (const row of methods) {
      const sides = row.from === 'both' ? (['client', 'server'] as const) : [row.from];
      for (const era of row.eras) {
        for (const side of sides) expect(lookup(side, row.kind, row.method, era)).toBe(row);
      }
    }
  });

  it('has one row for each method of a side in an era', () => {
    const names = methods.flatMap(({ from, kind, method, eras }) =>
      (from === 'both' ? ['client', 'server'] : [from]).flatMap((side) =>
        eras.map((era) => `${era} ${side} ${kind} ${method}`),
      ),
    );
    expect(new Set(names).size).toBe(names.length);
  });

  it('says why in every row', () => {
    expect(methods.filter((row) => row.why === '')).toEqual([]);
  });

  const unknown: readonly [name: string, ...Parameters<typeof lookup>][] = [
    ['an unknown method', 'client', 'request', 'tools/execute', 'legacy'],
    ['another case', 'client', 'request', 'Tools/Call', 'modern'],
    ['a space behind', 'client', 'request', 'tools/call ', 'legacy'],
    ['a name of Object.prototype', 'client', 'request', 'constructor', 'modern'],
    ['__proto__', 'client', 'request', '__proto__', 'legacy'],
    ['no name', 'client', 'request', '', 'legacy'],
    ['a call that a server asks for', 'server', 'request', 'tools/call', 'legacy'],
    ['a sampling that a client asks for', 'client', 'request', 'sampling/createMessage', 'modern'],
    ['a call that wants no answer', 'client', 'notification', 'tools/call', 'legacy'],
    ['a notification with an answer', 'client', 'request', 'notifications/initialized', 'legacy'],
    ["a server's word from a client", 'client', 'notification', 'notifications/message', 'legacy'],
    ['initialize where there is none', 'client', 'request', 'initialize', 'modern'],
    ['ping where there is none', 'client', 'request', 'ping', 'modern'],
    ['a level for all logs', 'client', 'request', 'logging/setLevel', 'modern'],
    ['a subscription of its own', 'client', 'request', 'resources/subscribe', 'modern'],
    ['discovery before its time', 'client', 'request', 'server/discover', 'legacy'],
    ['a stream before its time', 'client', 'request', 'subscriptions/listen', 'legacy'],
  ];
  it.each(unknown)('has no row for %s', (_, from, kind, method, era) => {
    expect(lookup(from, kind, method, era)).toBeUndefined();
  });
});
