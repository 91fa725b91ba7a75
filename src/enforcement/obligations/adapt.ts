import type { RpcError } from '../../core/answer.ts';
import { isObject, type Json, type JsonObject } from '../../core/json.ts';
import { maxJsonDepth } from '../../core/strict-json.ts';
import type { OutputSchema } from '../../core/tool-call.ts';
import { edited } from './edit.ts';
import type { Plan } from './plan.ts';
import { Redaction } from './redact-text.ts';
import { type NumberSubstitute, redacted } from './redact-value.ts';
import { withoutStructured } from './structured.ts';
import { truncated } from './truncate.ts';
import { Withheld } from './withheld.ts';

/** What a result became under a plan; `adapted` says what was done, for the journal, and `classes` what was found. */
export type Adapted =
  | { readonly kind: 'unchanged' }
  | {
      readonly kind: 'changed';
      readonly value: JsonObject;
      readonly adapted: readonly string[];
      readonly classes: readonly string[];
    }
  | { readonly kind: 'withheld'; readonly reason: string; readonly classes: readonly string[] };

/**
 * A result or an error of a far side as it may be delivered. Never throws: what cannot be looked at, or does not come out
 * as a result, is withheld. Unchanged is unchanged to the byte; what is changed must be written anew from `value`.
 * The result must have been parsed strictly: a parser that drops a member or rounds a number hides it from this.
 */
export function adapt(
  plan: Plan,
  result: JsonObject | RpcError,
  kind: 'result' | 'error',
  output: OutputSchema | undefined,
): Adapted {
  try {
    const value: JsonObject = { ...result };
    if (isTooDeep(value)) throw new Withheld(`it nests deeper than ${maxJsonDepth} levels`);
    const classes = classesIn(value, plan.withheld);
    if (classes.length > 0) return withheld(`it holds ${classes.join(', ')}`, classes);
    return adapted(plan, value, kind, output);
  } catch (thrown) {
    return withheld(thrown instanceof Withheld ? thrown.message : 'it cannot be looked at', []);
  }
}

/** What a call in progress says, as it may be passed on; undefined when nothing of it may. */
export function adaptText(plan: Plan, text: string): string | undefined {
  const result = adapt(plan, { message: text }, 'error', undefined);
  if (result.kind === 'unchanged') return text;
  const message = result.kind === 'changed' ? result.value['message'] : undefined;
  return typeof message === 'string' ? message : undefined;
}

function withheld(reason: string, classes: readonly string[]): Adapted {
  return { kind: 'withheld', reason: `the result was withheld: ${reason}`, classes };
}

function classesIn(value: JsonObject, marks: Plan['marks']): readonly string[] {
  if (marks.length === 0) return [];
  const redaction = new Redaction(marks);
  redacted(value, redaction, 'tag');
  return [...redaction.found].map((mark) => mark.detector.class).sort();
}

function adapted(
  plan: Plan,
  given: JsonObject,
  kind: 'result' | 'error',
  output: OutputSchema | undefined,
): Adapted {
  const { value, done, redaction } = fitting(plan, given, kind, output);
  const { maxResultBytes } = plan.limit;
  if (maxResultBytes !== undefined && Buffer.byteLength(JSON.stringify(value)) > maxResultBytes) {
    throw new Withheld(`it is longer than ${maxResultBytes} bytes`);
  }
  if (value === given) return { kind: 'unchanged' };
  const found = [...redaction.found];
  return {
    kind: 'changed',
    value,
    adapted: [...done, ...found.map((mark) => `redact:${mark.detector.class}`)].sort(),
    classes: found
      .filter((mark) => mark.isClass)
      .map((mark) => mark.detector.class)
      .sort(),
  };
}

interface Attempt {
  readonly value: JsonObject;
  /** What was done beside what the redaction found. */
  readonly done: readonly string[];
  readonly redaction: Redaction;
}

/** The first way that satisfies the tool's output schema; the last one gives up the structured part. */
function fitting(
  plan: Plan,
  given: JsonObject,
  kind: 'result' | 'error',
  output: OutputSchema | undefined,
): Attempt {
  const first = attempt(plan, given, kind, 'tag');
  if (kind === 'error' || fits(first.value, given, output, plan)) return first;
  const second = attempt(plan, given, kind, 'null');
  if (fits(second.value, given, output, plan)) return second;
  const value = withoutStructured(first.value, output !== undefined);
  return { ...first, value, done: [...first.done, 'withhold:structuredContent'] };
}

function attempt(
  plan: Plan,
  given: JsonObject,
  kind: 'result' | 'error',
  substitute: NumberSubstitute,
): Attempt {
  const done = new Set<string>();
  const redaction = new Redaction(plan.marks);
  let value = edited(plan, given, substitute, done);
  value = redacted(value, redaction, substitute);
  if (plan.maxTextBytes !== undefined) {
    const shorter = truncated(value, plan.maxTextBytes);
    if (shorter !== value) done.add('truncate');
    value = shorter;
  }
  if (kind === 'error') value = asError(value);
  return { value, done: [...done], redaction };
}

/** Whether the structured part is as it was, or is what the tool says that it is. */
function fits(
  value: JsonObject,
  given: JsonObject,
  output: OutputSchema | undefined,
  plan: Plan,
): boolean {
  const structured = value['structuredContent'];
  if (structured === undefined) return given['structuredContent'] === undefined;
  const { maxTextBytes } = plan;
  const isLong = (limit: number) => Buffer.byteLength(JSON.stringify(structured)) > limit;
  if (maxTextBytes !== undefined && isLong(maxTextBytes)) return false;
  if (structured === given['structuredContent']) return true;
  if (!isObject(structured) && isObject(given['structuredContent'])) return false;
  return (
    output === undefined || value['isError'] === true || output.fault(structured) === undefined
  );
}

/** An error needs a number and a sentence, whatever was taken from it. */
function asError(value: JsonObject): JsonObject {
  const { code, message } = value;
  const fixed: Record<string, Json> = {};
  if (code !== undefined && !Number.isInteger(code)) fixed['code'] = -32603;
  if (message !== undefined && typeof message !== 'string') fixed['message'] = '[REDACTED]';
  return Object.keys(fixed).length === 0 ? value : { ...value, ...fixed };
}

/** Without recursion, for that is what a stack cannot bear. */
function isTooDeep(value: JsonObject): boolean {
  let layer: readonly unknown[] = [value];
  for (let depth = 0; layer.length > 0; depth += 1) {
    if (depth > maxJsonDepth) return true;
    layer = layer.flatMap((each) =>
      typeof each === 'object' && each !== null
        ? Object.values(each).filter((member) => typeof member === 'object' && member !== null)
        : [],
    );
  }
  return false;
}
