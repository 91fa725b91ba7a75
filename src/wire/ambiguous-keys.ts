import { foldOf } from '../core/fold.ts';
import type { Json, JsonObject } from '../core/json.ts';
import { isObject } from '../core/json.ts';
import { shownKey } from '../core/json-fault.ts';

// Some parsers ignore the case of keys; Go's encoding/json does, and of two such keys the last one wins there. What the
// gate decided on must be what every parser behind it sees, so keys that only such a parser confuses are refused.

interface Names {
  readonly exact: ReadonlySet<string>;
  /** The name by its fold. */
  readonly folded: ReadonlyMap<string, string>;
}

const messageNames = namesOf('jsonrpc', 'id', 'method', 'params', 'result', 'error');

const paramNames = namesOf(
  'name',
  'arguments',
  'uri',
  'ref',
  'argument',
  '_meta',
  'task',
  'cursor',
  'level',
  'requestState',
  'inputResponses',
);

/** The members of `params` that have names of their own which the gate reads. */
const innerNames: readonly (readonly [member: string, names: Names])[] = [
  ['ref', namesOf('type', 'name', 'uri')],
  ['argument', namesOf('name', 'value')],
  [
    '_meta',
    namesOf(
      'progressToken',
      'io.modelcontextprotocol/protocolVersion',
      'io.modelcontextprotocol/clientInfo',
      'io.modelcontextprotocol/clientCapabilities',
      'io.modelcontextprotocol/logLevel',
    ),
  ],
];

/** Decided on at any depth: what a tool, a prompt or a completion gets. */
const decided = ['arguments', 'ref', 'argument', 'context'] as const;

/** What is wrong with the keys of a message, in words. */
export function messageKeyFault(keys: Iterable<string>): string | undefined {
  return lookalike(keys, messageNames);
}

/** What is wrong with the keys in the params of a request. Recursive: no deeper than `maxJsonDepth`. */
export function paramsKeyFault(params: JsonObject): string | undefined {
  let fault = lookalike(Object.keys(params), paramNames) ?? clashAmong(params);
  for (const [member, names] of innerNames) {
    const inner = params[member];
    if (isObject(inner)) fault ??= lookalike(Object.keys(inner), names);
  }
  for (const member of decided) fault ??= clashIn(params[member]);
  return fault;
}

/** A key that is not one of the names, and is taken for it by a parser that ignores case. */
function lookalike(keys: Iterable<string>, names: Names): string | undefined {
  for (const key of keys) {
    if (names.exact.has(key)) continue;
    const name = names.folded.get(foldOf(key));
    if (name !== undefined) {
      return `expected the key ${shownKey(name)}, got ${shownKey(key)}`;
    }
  }
  return undefined;
}

function clashIn(value: Json | undefined): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (!isObject(value)) {
    for (const item of value) {
      const fault = clashIn(item);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }
  let fault = clashAmong(value);
  for (const key in value) fault ??= clashIn(value[key]);
  return fault;
}

/** Objects with more members than this are compared by the folds themselves. */
const fewMembers = 64;
/** Of the object that is looked at: filled and read without a pause. */
const hashes = new Int32Array(fewMembers);

function clashAmong(value: JsonObject): string | undefined {
  let count = 0;
  for (const key in value) {
    const hash = foldHash(key);
    if (hash === notAscii || count === fewMembers || isAmong(hash, count)) {
      return clashOf(Object.keys(value));
    }
    hashes[count] = hash;
    count += 1;
  }
  return undefined;
}

function isAmong(hash: number, count: number): boolean {
  for (let at = 0; at < count; at += 1) if (hashes[at] === hash) return true;
  return false;
}

const notAscii = -1;

/** The same for ASCII keys that differ by case only, and now and then for others. */
function foldHash(key: string): number {
  let hash = 0;
  for (let at = 0; at < key.length; at += 1) {
    const code = key.charCodeAt(at);
    if (code > 0x7f) return notAscii;
    hash = (Math.imul(hash, 31) + (code | 0x20)) & 0x7fffffff;
  }
  return hash;
}

function clashOf(keys: readonly string[]): string | undefined {
  const seen = new Map<string, string>();
  for (const key of keys) {
    const fold = foldOf(key);
    const first = seen.get(fold);
    if (first !== undefined) {
      return `keys ${shownKey(first)} and ${shownKey(key)} differ by case only`;
    }
    seen.set(fold, key);
  }
  return undefined;
}

function namesOf(...names: readonly string[]): Names {
  return { exact: new Set(names), folded: new Map(names.map((name) => [foldOf(name), name])) };
}
