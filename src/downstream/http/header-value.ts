import { isUtf8 } from 'node:buffer';
import type { Json } from '../../core/json.ts';

const plain = /^[\t\x20-\x7e]*$/;
const sentinel = /^=\?base64\?(.*)\?=$/;
const decimal = /^-?\d{1,16}(\.\d{1,16})?$/;

/**
 * What a header says in place of a value of the body, decoded (MCP 2026-07-28, Value Encoding); undefined when it says it
 * wrongly. Only canonical Base64 counts: two readers must not see two values.
 */
export function decodeHeader(header: string): string | undefined {
  if (!plain.test(header)) return undefined;
  const encoded = sentinel.exec(header)?.[1];
  if (encoded === undefined) return header;
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.toString('base64') !== encoded || !isUtf8(bytes)) return undefined;
  return bytes.toString('utf8');
}

/** Whether a header, once decoded, says what the body says; numbers are compared as numbers. */
export function saysSame(said: string, value: Json): boolean {
  if (typeof value === 'number') return decimal.test(said) && Number(said) === value;
  return typeof value === 'string' || typeof value === 'boolean' ? said === String(value) : false;
}
