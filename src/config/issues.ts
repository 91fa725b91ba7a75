import * as z from 'zod';
import { isObject, type Json } from '../core/json.ts';
import { at, type Path, type Problem } from './problem.ts';
import { shown } from './report.ts';
import { configSchema } from './schema.ts';
import { similar } from './similar.ts';

/** What zod found, as problems; values are shown as they stand in the file (`raw`), never as variables made them. */
export function problemsOf(issues: readonly z.core.$ZodIssue[], raw: Json): Problem[] {
  return issues.flatMap((issue) => {
    const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key));
    const found = lookUp(raw, path);
    if (issue.code === 'invalid_key') return [badKey(issue, path)];
    const told = expectation(issue);
    const hint = told.hint ?? meant(issue, found);
    return [
      {
        path,
        expected: told.expected,
        found: shown(found, path),
        ...(hint === undefined ? {} : { hint }),
      },
    ];
  });
}

function unknownKey(path: Path, key: string): Problem {
  const known = knownKeys(configSchema, path);
  const guess = similar(key, known);
  const hint = guess === undefined ? `known here: ${known.join(', ')}` : `did you mean "${guess}"?`;
  return {
    path: at(path, key),
    expected: 'a known key',
    found: 'an unknown one',
    hint,
    atKey: true,
  };
}

function badKey(issue: z.core.$ZodIssueInvalidKey<unknown>, path: Path): Problem {
  const [first] = issue.issues;
  const told = first === undefined ? { expected: 'another key' } : expectation(first);
  return { path, found: shown(path.at(-1), []), atKey: true, ...told };
}

type Told = Pick<Problem, 'expected' | 'hint'>;

function expectation(issue: z.core.$ZodIssue): Told {
  switch (issue.code) {
    case 'custom':
      return paramsOf(issue.params);
    case 'invalid_value':
      return { expected: alternatives(issue.values.map((value) => JSON.stringify(value))) };
    case 'invalid_type':
      return { expected: typeWord(issue.expected) };
    case 'too_small':
      return { expected: bounded('at least', issue.origin, issue.minimum) };
    case 'too_big':
      return { expected: bounded('at most', issue.origin, issue.maximum) };
    case 'invalid_union':
      return { expected: 'text, a number, true, false or null' };
    case 'invalid_format':
    case 'not_multiple_of':
    case 'invalid_key':
    case 'invalid_element':
    case 'unrecognized_keys':
      return { expected: 'another value' };
  }
}

function paramsOf(params: Record<string, unknown> | undefined): Told {
  const { expected, hint } = params ?? {};
  const told = { expected: typeof expected === 'string' ? expected : 'another value' };
  return typeof hint === 'string' ? { ...told, hint } : told;
}

function bounded(word: string, origin: string, bound: number | bigint): string {
  if (origin !== 'string') return `${word} ${bound}`;
  return bound === 1 ? 'text that is not empty' : `text of ${word} ${bound} characters`;
}

function typeWord(expected: string): string {
  const words: Record<string, string> = {
    string: 'text',
    boolean: 'true or false',
    int: 'a whole number',
    number: 'a number',
    array: 'a list',
    object: 'an object',
    record: 'an object',
  };
  return words[expected] ?? expected;
}

function alternatives(values: readonly string[]): string {
  const last = values.at(-1) ?? '';
  return values.length > 1 ? `${values.slice(0, -1).join(', ')} or ${last}` : last;
}

function meant(issue: z.core.$ZodIssue, found: unknown): string | undefined {
  if (issue.code !== 'invalid_value' || typeof found !== 'string') return undefined;
  const guess = similar(found, issue.values.map(String));
  return guess === undefined ? undefined : `did you mean "${guess}"?`;
}

function lookUp(value: Json | undefined, [key, ...rest]: Path): Json | undefined {
  if (key === undefined) return value;
  if (Array.isArray(value)) return lookUp(value[Number(key)], rest);
  return isObject(value) && Object.hasOwn(value, key) ? lookUp(value[key], rest) : undefined;
}

/** The keys that the schema names at a path. */
function knownKeys(schema: unknown, [key, ...rest]: Path): readonly string[] {
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodObject) {
    return key === undefined ? Object.keys(inner.shape) : knownKeys(inner.shape[key], rest);
  }
  if (inner instanceof z.ZodDiscriminatedUnion) {
    const path = key === undefined ? [] : [key, ...rest];
    return [...new Set(inner.options.flatMap((option) => knownKeys(option, path)))];
  }
  if (key === undefined) return [];
  if (inner instanceof z.ZodRecord) return knownKeys(inner.valueType, rest);
  return inner instanceof z.ZodArray ? knownKeys(inner.element, rest) : [];
}

function unwrapped(schema: unknown): unknown {
  const wraps =
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault;
  return wraps ? unwrapped(schema.unwrap()) : schema;
}
