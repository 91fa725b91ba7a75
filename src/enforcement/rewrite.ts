import { canonical } from '../core/canonical.ts';
import { isObject, type Json, type JsonObject } from '../core/json.ts';
import { readStrict } from '../core/strict-json.ts';
import type { ToolCall, ToolFacts } from '../core/tool-call.ts';

/** The safe path that policy names (design section 3, `compute`). */
export interface Order {
  /** The arguments as a whole. */
  readonly arguments?: JsonObject | undefined;
  /** Changes to the arguments: a merge patch (RFC 7396). */
  readonly patch?: JsonObject | undefined;
  /** Another tool: its own name on the same server, or `server/name`. */
  readonly tool?: string | undefined;
}

export type Rewritten =
  | { readonly kind: 'call'; readonly call: ToolCall; readonly changed: boolean }
  | { readonly kind: 'fault'; readonly reason: string };

type Tools = (server: string, name: string) => (() => ToolFacts | undefined) | undefined;

/**
 * The call as policy wants it, to be decided again before it runs: nothing here says that it may. The same call when it
 * is already what policy wants. `tools` finds the tools of the catalog.
 */
export function rewrite(call: ToolCall, order: Order, tools: Tools = call.sibling): Rewritten {
  if (call.action !== 'tools/call') return fault('only a tool call can be rewritten');
  if (order.arguments !== undefined && order.patch !== undefined) {
    return fault('arguments and a patch at once');
  }
  const aim = order.tool === undefined ? here(call) : aimOf(call, order.tool, tools);
  if (aim === undefined) return fault(`there is no tool "${order.tool?.slice(0, 200)}"`);
  const whole = order.arguments ?? call.arguments;
  const text = JSON.stringify(order.patch === undefined ? whole : patched(whole, order.patch));
  // What a client may not send, a rule may not either: `__proto__`, half characters, endless nesting.
  const args = readStrict(text);
  if (args.kind !== 'value' || !isObject(args.value)) {
    return fault(args.kind === 'value' ? 'its arguments are no object' : args.reason);
  }
  const isSameTool = aim.server === call.server && aim.name === call.name;
  if (isSameTool && canonical(args.value) === canonical(call.arguments)) {
    return { kind: 'call', call, changed: false };
  }
  return { kind: 'call', call: aimed(call, aim, args.value), changed: true };
}

function fault(reason: string): Rewritten {
  return { kind: 'fault', reason: `the call cannot be rewritten: ${reason}` };
}

interface Aim {
  readonly server: string;
  readonly name: string;
  readonly tool: () => ToolFacts | undefined;
}

function here({ server, name, tool }: ToolCall): Aim {
  return { server, name, tool };
}

/** A name with a slash may be a tool of the same server: that one first, for it is what the rule's author sees there. */
function aimOf(call: ToolCall, wanted: string, tools: Tools): Aim | undefined {
  if (wanted === call.name || wanted === `${call.server}/${call.name}`) return here(call);
  const slash = wanted.indexOf('/');
  const candidates = [
    { server: call.server, name: wanted },
    { server: wanted.slice(0, Math.max(slash, 0)), name: wanted.slice(slash + 1) },
  ];
  for (const { server, name } of candidates) {
    const tool = tools(server, name);
    if (tool !== undefined) return { server, name, tool };
  }
  return undefined;
}

function aimed(call: ToolCall, { server, name, tool }: Aim, args: JsonObject): ToolCall {
  const argumentsText = JSON.stringify(args);
  const { request } = call;
  const isBare = request.argumentsText === undefined && argumentsText === '{}';
  return {
    ...call,
    server,
    name,
    tool,
    arguments: args,
    argumentsText,
    request: {
      ...request,
      fields: { ...request.fields, name },
      argumentsText: isBare ? undefined : argumentsText,
    },
  };
}

/** RFC 7396. Member by member, so that `__proto__` is a name like any other. */
function patched(target: Json | undefined, patch: JsonObject): JsonObject {
  const members = new Map(isObject(target) ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null || value === undefined) members.delete(name);
    else members.set(name, isObject(value) ? patched(members.get(name), value) : value);
  }
  return Object.fromEntries(members);
}
