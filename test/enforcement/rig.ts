import type { JsonObject } from '../../src/core/json.ts';
import type { ToolCall, ToolFacts } from '../../src/core/tool-call.ts';

export const facts = (pin: string): ToolFacts => ({
  annotations: {},
  pin,
  pinState: 'pinned',
  fault: () => undefined,
  output: undefined,
});

/** The tools that a call may be sent to, by server and name. */
const catalog: Readonly<Record<string, ToolFacts>> = {
  'files/delete': facts('sha256:delete'),
  'files/trash': facts('sha256:trash'),
  'files/a/b': facts('sha256:slash'),
  'bin/trash': facts('sha256:bin'),
};

export function callOf(args: JsonObject, change: Partial<ToolCall> = {}): ToolCall {
  const argumentsText = JSON.stringify(args);
  return {
    action: 'tools/call',
    resourceType: 'tool',
    server: 'files',
    name: 'delete',
    arguments: args,
    argumentsText,
    request: {
      method: 'tools/call',
      fields: { name: 'delete', other: [1] },
      meta: { 'x/y': 1 },
      argumentsText,
      extras: { extra: true },
    },
    traceId: 'a'.repeat(32),
    claims: { model: undefined, idempotencyKey: 'k' },
    tool: () => catalog['files/delete'],
    sibling: (server, name) => {
      const tool = catalog[`${server}/${name}`];
      return tool === undefined ? undefined : () => tool;
    },
    ...change,
  };
}
