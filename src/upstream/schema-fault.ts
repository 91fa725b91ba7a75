import type { ErrorObject } from 'ajv';
import { shown } from './names.ts';

/** What is checked against what, as the messages call them. */
export interface SchemaWords {
  readonly value: string;
  readonly schema: string;
}

/** One line about the first thing that is wrong: where it is and what was expected, never the value itself. */
export function schemaFault(
  errors: readonly ErrorObject[] | null | undefined,
  { value, schema }: SchemaWords,
): string {
  const error = errors?.at(-1);
  const misfit = `does not fit the ${schema}`;
  if (error === undefined) return `"${value}" ${misfit}`;
  const path = error.instancePath === '' ? value : shown(error.instancePath);
  return `"${path}" ${complaint(error, misfit)}`;
}

function complaint(error: ErrorObject, misfit: string): string {
  const { keyword, message = misfit, params } = error;
  if (keyword === 'type') return `${message}, got ${typeName(error.data)}`;
  const extra: unknown = params['additionalProperty'] ?? params['unevaluatedProperty'];
  if (typeof extra === 'string') return `must not have a member "${shown(extra)}"`;
  if (keyword === 'enum') return 'must be one of the allowed values';
  return message.length > 160 ? `${message.slice(0, 160)}…` : message;
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}
