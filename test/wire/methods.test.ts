import { describe, expect, it } from 'vitest';
import { lookup, methods } from '../../src/wire/methods.ts';

/** What the gate does with each method; a change here is a change of what it lets through. */
const pinned: readonly [from: string, kind: string, treatment: string, methods: string][] = [
  ['client', 'request', 'decide', 'tools/call resources/read prompts/get completion/complete'],
  [
    'client',
    'request',
    'filter',
    'tools/list resources/list resources/templates/list prompts/list',
  ],
  ['client', 'request', 'pass', 'resources/subscribe resources/unsubscribe'],
  ['client', 'request', 'local', 'initialize ping logging/setLevel'],
  ['client', 'request', 'refuse', 'server/discover tasks/get tasks/result tasks/list tasks/cancel'],
  ['client', 'notification', 'decide', ''],
  ['client', 'notification', 'filter', ''],
  ['client', 'notification', 'pass', 'notifications/roots/list_changed'],
  [
    'client',
    'notification',
    'local',
    'notifications/initialized notifications/cancelled notifications/progress',
  ],
  ['client', 'notification', 'refuse', 'notifications/tasks/status'],
  ['server', 'request', 'decide', 'sampling/createMessage elicitation/create roots/list'],
  ['server', 'request', 'filter', ''],
  ['server', 'request', 'pass', ''],
  ['server', 'request', 'local', 'ping'],
  ['server', 'request', 'refuse', 'tasks/get tasks/result tasks/list tasks/cancel'],
  ['server', 'notification', 'decide', ''],
  ['server', 'notification', 'filter', ''],
  [
    'server',
    'notification',
    'pass',
    'notifications/message notifications/resources/updated notifications/elicitation/complete',
  ],
  [
    'server',
    'notification',
    'local',
    'notifications/cancelled notifications/progress notifications/resources/list_changed notifications/tools/list_changed notifications/prompts/list_changed',
  ],
  ['server', 'notification', 'refuse', 'notifications/tasks/status'],
];

describe('the method table', () => {
  it.each(pinned)('from the %s, %s: %s "%s"', (from, kind, treatment, names) => {
    const found = methods.filter(
      (row) =>
        (row.from === from || row.from === 'both') &&
        row.kind === kind &&
        row.treatment === treatment,
    );
    expect(found.map((row) => row.method).join(' ')).toBe(names);
  });

  it('is what lookup answers', () => {
    for (const row of methods) {
      const sides = row.from === 'both' ? (['client', 'server'] as const) : [row.from];
      for (const side of sides) expect(lookup(side, row.kind, row.method)).toBe(row);
    }
  });

  it('has one row for each method of a side', () => {
    const names = methods.flatMap(({ from, kind, method }) =>
      (from === 'both' ? ['client', 'server'] : [from]).map((side) => `${side} ${kind} ${method}`),
    );
    expect(new Set(names).size).toBe(names.length);
  });

  it('says why in every row', () => {
    expect(methods.filter((row) => row.why === '')).toEqual([]);
  });

  const unknown: readonly [name: string, ...Parameters<typeof lookup>][] = [
    ['an unknown method', 'client', 'request', 'tools/execute'],
    ['another case', 'client', 'request', 'Tools/Call'],
    ['a space behind', 'client', 'request', 'tools/call '],
    ['a name of Object.prototype', 'client', 'request', 'constructor'],
    ['__proto__', 'client', 'request', '__proto__'],
    ['no name', 'client', 'request', ''],
    ['a call that a server asks for', 'server', 'request', 'tools/call'],
    ['a sampling that a client asks for', 'client', 'request', 'sampling/createMessage'],
    ['a call that wants no answer', 'client', 'notification', 'tools/call'],
    ['a notification that wants an answer', 'client', 'request', 'notifications/initialized'],
    ["a server's notification from a client", 'client', 'notification', 'notifications/message'],
  ];
  it.each(unknown)('has no row for %s', (_, from, kind, method) => {
    expect(lookup(from, kind, method)).toBeUndefined();
  });
});
