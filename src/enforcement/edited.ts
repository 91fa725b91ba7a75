import type { Verdict } from '../approval/contract.ts';
import { canonical } from '../core/canonical.ts';
import { GateError } from '../core/errors.ts';
import { isObject, type JsonObject } from '../core/json.ts';
import { parseStrict } from '../core/strict-json.ts';
import type { ToolCall } from '../core/tool-call.ts';
import type { Prior } from '../journal/prior-run.ts';
import { askedFor } from './approval-request.ts';
import type { Edited, Rewritten, Ruling, Standing } from './decide.ts';

/** The call that is decided next, and what it rests on. */
export interface Next {
  readonly call: ToolCall;
  readonly standing: Standing;
}

type Approved = Extract<Verdict, { kind: 'approved' }>;

/**
 * What a yes leads to: the call that was asked about, with the yes; or, where the person changed the arguments, another call
 * in its place. That one is decided first as if nobody had said anything, so that policy says of it what must be answered by
 * whom. Only then does the yes come into it, if it is one to all of that.
 */
export function afterYes(ruling: Ruling, { approval: row, edited: text }: Approved): Next {
  const { call, standing } = ruling;
  const before = standing.edited;
  if (text === undefined || text === askedFor(ruling).canonicalArguments) {
    const edited = before && { ...before, row };
    return { call, standing: { ...standing, approval: { kind: 'once', row }, edited } };
  }
  const edited = before ?? originOf(ruling);
  const rewritten = { ...inPlaceOf(ruling), by: ruling.decisionId };
  // What a rule wanted of the other arguments it may want of these as well.
  const fresh = { approval: undefined, settled: [], rewritten };
  return {
    call: withArguments(call, argumentsIn(text, askedFor(ruling).isPlain)),
    standing: { ...standing, ...fresh, edited: { ...edited, row } },
  };
}

/** Nothing that the last round rested on holds: what was asked about is decided again, and never with a stranger's yes. */
export function startedAnew(call: ToolCall, standing: Standing, prior: Prior | null): Next {
  const fresh = { ...standing, approval: undefined, prior };
  const { edited } = standing;
  if (edited === undefined) return { call, standing: fresh };
  const { rewritten } = edited;
  return { call: edited.call, standing: { ...fresh, settled: [], rewritten, edited: undefined } };
}

function originOf(ruling: Ruling): Omit<Edited, 'row'> {
  const { call, standing } = ruling;
  const asked = askedFor(ruling).canonicalArguments;
  return { asked, call, rewritten: standing.rewritten };
}

function inPlaceOf({ call, settings, standing }: Ruling): Omit<Rewritten, 'by'> {
  return standing.rewritten ?? { times: 0, asked: call, settings, obligations: [] };
}

function argumentsIn(text: string, isPlain: boolean): JsonObject {
  const value = parseStrict(text);
  const args = isPlain || !isObject(value) ? value : value['arguments'];
  if (isObject(args)) return args;
  throw new GateError('invalid_arguments', 'what was approved is no object');
}

/** Exactly what the person was shown goes on the wire: its RFC 8785 text. */
function withArguments(call: ToolCall, args: JsonObject): ToolCall {
  const argumentsText = canonical(args);
  const request = { ...call.request, argumentsText };
  return { ...call, arguments: args, argumentsText, request };
}
