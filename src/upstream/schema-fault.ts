import type { ErrorObject } from 'ajv';
import { shown } from './names.ts';

/** One line about the first thing that is wrong: where it is and what was expected, never the value itself. */
export function schemaFault(errors: readonly ErrorObject[] | null | undefined): string {
  const error = errors?.at(-1);
  if (error === undefined) return 'arguments do not fit the input schema';
  const path = error.instancePath === '' ? 'arguments' : shown(error.instancePath);
  return `"${path}" ${complaint(error)}`;
}

function complaint(error: ErrorObject): string {
  const { keyword, message = 'does not fit the input schema', params } = error;
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
