import { isObject, type Json, type JsonObject } from '../core/json.ts';

/** A schema that has more nodes than this once every reference is followed can keep a validator busy. */
const expandedNodes = 2_000;
const chainedReferences = 16;

/** Formats whose checks are short; others may hide a costly pattern. */
const cheapFormats = new Set([
  'date',
  'date-time',
  'time',
  'uuid',
  'email',
  'ipv4',
  'hostname',
  'uri',
]);

/** Below the root they make `#/…` mean another part of the schema than the one that is counted here. */
const scopeKeywords = new Set(['$id', 'id', '$anchor', '$dynamicAnchor', '$recursiveAnchor']);

/**
 * True when checking small arguments against a schema takes time in proportion to both. A false alarm costs the
 * price of a time limit; the schema is a stranger's, so all that is not known to be cheap is costly.
 */
export function isCheap(schema: JsonObject): boolean {
  const walk: Walk = { root: schema, budget: expandedNodes, references: 0 };
  return Object.entries(schema)
    .filter(([key]) => !scopeKeywords.has(key) || isObject(schema[key]))
    .every(([key, value]) => isCheapMember(key, value, walk));
}

interface Walk {
  readonly root: JsonObject;
  budget: number;
  /** How many references lead here. */
  references: number;
}

function isCheapNode(node: Json | undefined, walk: Walk): boolean {
  walk.budget -= 1;
  if (walk.budget < 0) return false;
  if (Array.isArray(node)) return node.every((each) => isCheapNode(each, walk));
  if (!isObject(node)) return true;
  return Object.entries(node).every(([key, value]) => isCheapMember(key, value, walk));
}

/** A keyword's value of another type is the schema of a property that has the keyword's name. */
function isCheapMember(key: string, value: Json | undefined, walk: Walk): boolean {
  if (scopeKeywords.has(key) && !isObject(value)) return false;
  if (typeof value === 'string') return isCheapText(key, value, walk);
  if (key === 'uniqueItems' && value === true) return false;
  if (key === 'patternProperties' && isObject(value)) {
    if (!Object.keys(value).every(isCheapPattern)) return false;
  }
  return isCheapNode(value, walk);
}

function isCheapText(key: string, text: string, walk: Walk): boolean {
  switch (key) {
    case 'pattern':
      return isCheapPattern(text);
    case 'format':
      return cheapFormats.has(text);
    case '$ref':
      return isCheapReference(text, walk);
    case '$dynamicRef':
    case '$recursiveRef':
      return false;
    default:
      return true;
  }
}

/** One that comes back to itself leads here over and over, until it is too often. */
function isCheapReference(reference: string, walk: Walk): boolean {
  if (walk.references >= chainedReferences) return false;
  walk.references += 1;
  const isCheap = isCheapNode(definition(walk.root, reference), walk);
  walk.references -= 1;
  return isCheap;
}

/** The part of the schema that `#/$defs/name` or `#/definitions/name` names; a reference of another form is costly. */
function definition(root: JsonObject, reference: string): Json {
  const [, keyword, name] = /^#\/(\$defs|definitions)\/([^/~%]+)$/.exec(reference) ?? [];
  const definitions = keyword === undefined ? undefined : root[keyword];
  const found = isObject(definitions) && name !== undefined ? definitions[name] : undefined;
  return found ?? { $dynamicRef: reference };
}

/** Anchored, without groups and alternatives, with at most one thing repeated a variable number of times. */
function isCheapPattern(pattern: string): boolean {
  if (pattern.length > 512) return false;
  const variable = pattern.replace(/\{\d+\}/g, '');
  const repeated = variable.match(/[*+{?]/g)?.length ?? 0;
  return repeated === 0 || (repeated === 1 && /^\^[^(|]*$/.test(variable));
}
