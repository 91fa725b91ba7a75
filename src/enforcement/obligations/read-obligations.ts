import * as z from 'zod';
import type { Detector } from '../../facts/detectors/detector.ts';
import { createPatternDetector, patternLength } from '../../facts/detectors/pattern.ts';
import { detectorsOf } from '../../facts/detectors/registry.ts';
import type { Decision } from '../../policy/decision.ts';
import { addReplacement, type Draft, newDraft, noObligations, planOf } from './draft.ts';
import { type Fault, type Mark, type Plan, tagOf } from './plan.ts';
import { parsePointer } from './pointer.ts';

type Obligations = Decision['obligations'];

/** Adds what one obligation asks for; the answer is why it cannot be performed. */
type Read = (raw: Obligations[number], draft: Draft) => string | undefined;

const listLimit = 50;
const patternsLimit = 50;
const pointers = z.array(z.string()).min(1).max(listLimit);
const classes = z.array(z.string().min(1).max(100)).min(1).max(listLimit);
const patterns = z.array(z.string().max(patternLength)).min(1).max(listLimit);
const bound = z.int().positive();

const readers: Readonly<Record<string, Read>> = {
  redact: reader(
    z
      .strictObject({
        type: z.literal('redact'),
        pointers: pointers.optional(),
        classes: classes.optional(),
        patterns: patterns.optional(),
      })
      .refine((said) => said.pointers ?? said.classes ?? said.patterns, {
        message: 'expected "pointers", "classes" or "patterns"',
      }),
    (said, draft) =>
      firstFault(said.pointers, (each) => addPointer(each, draft)) ??
      firstFault(said.classes, (each) => addClass(each, draft.marks)) ??
      firstFault(said.patterns, (each) => addPattern(each, draft)),
  ),
  truncate: reader(
    z.strictObject({ type: z.literal('truncate'), max_bytes: z.int().nonnegative() }),
    (said, draft) => {
      draft.maxTextBytes = least(draft.maxTextBytes, said.max_bytes);
      return undefined;
    },
  ),
  replace: reader(
    z.strictObject({ type: z.literal('replace'), pointer: z.string(), value: z.json() }),
    (said, draft) => {
      const pointer = parsePointer(said.pointer);
      if (pointer === undefined) return `"${said.pointer}" is no pointer into a result`;
      return addReplacement(draft, { pointer, value: said.value });
    },
  ),
  limit: reader(
    z
      .strictObject({
        type: z.literal('limit'),
        timeout_ms: bound.optional(),
        max_result_bytes: bound.optional(),
      })
      .refine((said) => said.timeout_ms ?? said.max_result_bytes, {
        message: 'expected "timeout_ms" or "max_result_bytes"',
      }),
    (said, draft) => {
      draft.timeoutMs = least(draft.timeoutMs, said.timeout_ms);
      draft.maxResultBytes = least(draft.maxResultBytes, said.max_result_bytes);
      return undefined;
    },
  ),
  withhold: reader(z.strictObject({ type: z.literal('withhold'), classes }), (said, draft) =>
    firstFault(said.classes, (each) => addClass(each, draft.withheld)),
  ),
  idempotent: reader(
    z.strictObject({ type: z.literal('idempotent'), key: z.string().min(1).max(200) }),
    (said, draft) => {
      if (draft.idempotencyKey !== undefined && draft.idempotencyKey !== said.key) {
        return 'rules disagree about the key';
      }
      draft.idempotencyKey = said.key;
      return undefined;
    },
  ),
  notify: reader(
    z.strictObject({ type: z.literal('notify'), channel: z.literal('log') }),
    (said, draft) => {
      draft.notify.add(said.channel);
      return undefined;
    },
  ),
};

/** The types of obligations that this gate performs, as the policy input names them. */
export const obligationsSupported: readonly string[] = Object.keys(readers).sort();

/**
 * What all obligations of a decision ask for together, the strictest of each kind; a fault when one of them is not
 * known or cannot be performed, and then the call must not run.
 */
export function readObligations(raw: Obligations): Plan | Fault {
  if (raw.length === 0) return noObligations;
  const draft = newDraft();
  for (const obligation of raw) {
    const { type } = obligation;
    const read = Object.hasOwn(readers, type) ? readers[type] : undefined;
    const reason = read === undefined ? 'not supported' : read(obligation, draft);
    if (reason !== undefined) {
      return { kind: 'fault', reason: `obligation "${type.slice(0, 60)}": ${reason}` };
    }
  }
  return planOf(draft);
}

function reader<T>(form: z.ZodType<T>, add: (said: T, draft: Draft) => string | undefined): Read {
  return (raw, draft) => {
    const parsed = form.safeParse(raw);
    if (parsed.success) return add(parsed.data, draft);
    const issue = parsed.error.issues[0];
    const where = issue?.path.join('.') ?? '';
    return `${where === '' ? '' : `"${where}": `}${issue?.message ?? 'of another form'}`;
  };
}

function firstFault(
  said: readonly string[] | undefined,
  add: (each: string) => string | undefined,
): string | undefined {
  for (const each of said ?? []) {
    const reason = add(each);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function addPointer(text: string, draft: Draft): string | undefined {
  const pointer = parsePointer(text);
  if (pointer === undefined) return `"${text}" is no pointer into a result`;
  draft.pointers.set(text, pointer);
  return undefined;
}

function addClass(name: string, marks: Map<string, Mark>): string | undefined {
  const detectors = detectorsOf(name);
  if (detectors === undefined) return `nothing here detects data of class "${name}"`;
  for (const detector of detectors) marks.set(detector.class, markOf(detector, true));
  return undefined;
}

function addPattern(pattern: string, draft: Draft): string | undefined {
  if (draft.patterns.size >= patternsLimit) return `more than ${patternsLimit} patterns`;
  const detector = createPatternDetector(pattern, pattern);
  if ('fault' in detector) return `pattern "${pattern}": ${detector.fault}`;
  draft.patterns.set(pattern, markOf(detector, false));
  return undefined;
}

function markOf(detector: Detector, isClass: boolean): Mark {
  return { detector, tag: tagOf(detector.class), isClass };
}

function least(one: number | undefined, other: number | undefined): number | undefined {
  return other === undefined ? one : Math.min(one ?? other, other);
}
