import type { Action } from '../core/action.ts';
import { isObject, type Json, type JsonObject } from '../core/json.ts';
import { shortened } from '../core/shortened.ts';
import type { OutputSchema, ToolCall } from '../core/tool-call.ts';
import { instanceOf } from './instance.ts';

type Simulate = (
  call: ToolCall,
  wanted: Json | null,
  output: OutputSchema | undefined,
) => JsonObject | undefined;

/**
 * The result of a call that is never made: what policy wants it to be, or else the least that the protocol and the tool's
 * output schema allow. Undefined when there is no such result, and then the call has to be denied. That it is simulated
 * it says itself; who decided so is for the gate to add.
 */
export const simulated: Simulate = (call, wanted, output) =>
  byAction[call.action](call, wanted, output);

const byAction: Readonly<Record<Action, Simulate>> = {
  'tools/call': toolResult,
  'resources/read': usually(['contents'], (text, call) => ({
    contents: [{ uri: call.name, mimeType: 'text/plain', text }],
  })),
  'resources/subscribe': usually([], () => ({})),
  'prompts/get': usually(['messages'], (text) => ({
    messages: [{ role: 'user', content: { type: 'text', text } }],
  })),
  'completion/complete': usually(['completion'], () => ({
    completion: { values: [], total: 0, hasMore: false },
  })),
  'sampling/createMessage': usually(['role', 'content', 'model'], (text) => ({
    role: 'assistant',
    content: { type: 'text', text },
    model: 'simulated',
    stopReason: 'endTurn',
  })),
  'elicitation/create': usually(['action'], () => ({ action: 'cancel' })),
  'roots/list': usually(['roots'], () => ({ roots: [] })),
};

const sentence = 'Simulated by policy: this did not run, and nothing here is real.';

/** Policy's object is the result when it has the members that one needs; its text is the text of the usual one. */
function usually(
  needed: readonly string[],
  usual: (text: string, call: ToolCall) => JsonObject,
): Simulate {
  return (call, wanted) => {
    if (wanted === null) return usual(sentence, call);
    if (typeof wanted === 'string') return usual(`${sentence}\n${wanted}`, call);
    const isWhole = isObject(wanted) && needed.every((name) => Object.hasOwn(wanted, name));
    return isWhole ? wanted : undefined;
  };
}

function toolResult(
  call: ToolCall,
  wanted: Json | null,
  output: OutputSchema | undefined,
): JsonObject | undefined {
  if (wanted !== null && typeof wanted !== 'string' && !isObject(wanted)) return undefined;
  const said = isObject(wanted) ? asResult(wanted) : {};
  const isError = said['isError'] === true;
  const structured = said['structuredContent'] ?? (isError ? undefined : instance(output));
  const isFit = isError || output === undefined || isInstance(structured, output);
  if (!isFit) return undefined;
  const note = `${sentence} (${shortened(call.name, 100)})`;
  const parts = partsOf(said['content'], wanted, structured);
  if (parts === undefined) return undefined;
  return {
    ...said,
    content: [{ type: 'text', text: note }, ...parts],
    ...(structured === undefined ? {} : { structuredContent: structured }),
  };
}

/** An object without any member of a tool's result is what the structured part is to be. */
function asResult(wanted: JsonObject): JsonObject {
  const members = ['content', 'structuredContent', 'isError', '_meta'];
  const isResult = members.some((name) => Object.hasOwn(wanted, name));
  return isResult ? wanted : { structuredContent: wanted };
}

/** Where a schema leaves it open, the structured part is an object: older clients take nothing else. */
function instance(output: OutputSchema | undefined): Json | undefined {
  return output === undefined ? undefined : instanceOf({ type: 'object', ...output.schema });
}

function isInstance(value: Json | undefined, output: OutputSchema): boolean {
  return value !== undefined && output.fault(value) === undefined;
}

/** What comes behind the note: policy's content or text, or the structured part for those who read text only. */
function partsOf(
  content: Json | undefined,
  wanted: Json | null,
  structured: Json | undefined,
): readonly Json[] | undefined {
  if (content !== undefined) {
    return Array.isArray(content) && content.every(isObject) ? content : undefined;
  }
  if (typeof wanted === 'string') return [{ type: 'text', text: wanted }];
  return structured === undefined ? [] : [{ type: 'text', text: JSON.stringify(structured) }];
}
