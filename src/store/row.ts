import { GateError } from '../core/errors.ts';
import { isObject, type Json, type JsonObject } from '../core/json.ts';
import { parseJson } from '../core/parse-json.ts';
import type { Row } from './driver.ts';

// The file is written by this project alone, but it can be damaged: a column of another type is an error, never a guess.

export function text(row: Row, column: string): string {
  const value = row[column];
  return typeof value === 'string' ? value : damaged(column, 'text', value);
}

export function optionalText(row: Row, column: string): string | undefined {
  return row[column] === null ? undefined : text(row, column);
}

export function integer(row: Row, column: string): number {
  const value = row[column];
  return Number.isSafeInteger(value) ? Number(value) : damaged(column, 'an integer', value);
}

export function optionalInteger(row: Row, column: string): number | undefined {
  return row[column] === null ? undefined : integer(row, column);
}

export function bytes(row: Row, column: string): Buffer {
  const value = row[column];
  if (!(value instanceof Uint8Array)) return damaged(column, 'bytes', value);
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

export function texts(row: Row, column: string): readonly string[] {
  const value = parse(row, column);
  const isList = Array.isArray(value) && value.every((each) => typeof each === 'string');
  return isList ? value : damaged(column, 'a list of texts', value);
}

export function object(row: Row, column: string): JsonObject {
  const value = parse(row, column);
  return isObject(value) ? value : damaged(column, 'an object', value);
}

export function oneOf<T extends string>(row: Row, column: string, allowed: readonly T[]): T {
  const value = text(row, column);
  const found = allowed.find((each) => each === value);
  return found ?? damaged(column, `one of ${allowed.join(', ')}`, value);
}

function parse(row: Row, column: string): Json {
  const value = text(row, column);
  try {
    return parseJson(value);
  } catch {
    return damaged(column, 'json', value);
  }
}

function damaged(column: string, expected: string, value: unknown): never {
  throw new GateError(
    'store_unavailable',
    `"gate.db" is damaged: column "${column}" expected ${expected}, got ${typeof value}`,
  );
}
