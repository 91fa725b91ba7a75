import { isObject, type Json, type JsonObject } from '../core/json.ts';
import { sampleText } from './sample-text.ts';

/** A schema is a stranger's: one that comes back to itself, or is wider than this, has no instance here. */
const deepest = 16;
const mostNodes = 2_000;
const mostItems = 50;

/**
 * A small instance of a JSON Schema, for results of tools that were not called. It follows what schemas of tool results
 * use, and knows nothing of the rest: whoever asks must hold the answer against the schema. Undefined when there is none.
 */
export function instanceOf(schema: JsonObject): Json | undefined {
  return made(schema, { root: schema, depth: 0, nodes: { left: mostNodes } });
}

interface Place {
  readonly root: JsonObject;
  readonly depth: number;
  readonly nodes: { left: number };
}

function made(schema: Json | undefined, place: Place): Json | undefined {
  place.nodes.left -= 1;
  if (place.depth > deepest || place.nodes.left < 0) return undefined;
  if (!isObject(schema)) return schema === false ? undefined : null;
  const inside = { ...place, depth: place.depth + 1 };
  const { enum: values, examples } = schema;
  const given = [schema['const'], schema['default'], firstOf(values), firstOf(examples)];
  const known = given.find((each) => each !== undefined);
  if (known !== undefined) return known;
  const whole = merged(schema, inside);
  if (whole !== schema) return made(whole, inside);
  const alternative = alternativeOf(schema, inside);
  if (alternative !== undefined) return alternative;
  return ofType(typeOf(schema), schema, inside);
}

function firstOf(list: Json | undefined): Json | undefined {
  return Array.isArray(list) ? list[0] : undefined;
}

/** The schema with what its `$ref` and `allOf` say, as far as saying it twice is saying it once. */
function merged(schema: JsonObject, { root, nodes }: Place): JsonObject {
  const { $ref, allOf, ...own } = schema;
  if ($ref === undefined && !Array.isArray(allOf)) return schema;
  const referred = typeof $ref === 'string' ? [referredTo(root, $ref)] : [];
  const parts = [...referred, ...(Array.isArray(allOf) ? allOf : [])].filter(isObject);
  nodes.left -= parts.length;
  if (nodes.left < 0) return own;
  return parts.reduce((whole, part) => joined(whole, part), own);
}

function joined(one: JsonObject, other: JsonObject): JsonObject {
  const listOf = (value: Json | undefined) => (Array.isArray(value) ? value : []);
  const objectOf = (value: Json | undefined) => (isObject(value) ? value : {});
  const both = { ...other, ...one };
  const required = [...listOf(one['required']), ...listOf(other['required'])];
  const properties = { ...objectOf(other['properties']), ...objectOf(one['properties']) };
  return {
    ...both,
    ...(required.length > 0 ? { required } : {}),
    ...(Object.keys(properties).length > 0 ? { properties } : {}),
  };
}

function referredTo(root: JsonObject, reference: string): Json | undefined {
  if (!reference.startsWith('#')) return undefined;
  let found: Json | undefined = root;
  for (const segment of reference.slice(1).split('/').slice(1)) {
    const name = segment.replaceAll('~1', '/').replaceAll('~0', '~');
    found = isObject(found) && Object.hasOwn(found, name) ? found[name] : undefined;
  }
  return found;
}

/** The first alternative that has an instance, with what stands beside the alternatives. */
function alternativeOf(schema: JsonObject, place: Place): Json | undefined {
  const { anyOf, oneOf, ...own } = schema;
  for (const alternatives of [oneOf, anyOf]) {
    for (const each of Array.isArray(alternatives) ? alternatives : []) {
      const value = isObject(each) ? made(joined(own, each), place) : undefined;
      if (value !== undefined) return value;
    }
  }
  return undefined;
}

function typeOf({ type, ...schema }: JsonObject): Json | undefined {
  const first = Array.isArray(type) ? type[0] : type;
  if (first !== undefined) return first;
  if (schema['properties'] !== undefined || schema['required'] !== undefined) return 'object';
  if (schema['items'] !== undefined || schema['prefixItems'] !== undefined) return 'array';
  return 'null';
}

function ofType(type: Json | undefined, schema: JsonObject, place: Place): Json | undefined {
  switch (type) {
    case 'object':
      return ofObject(schema, place);
    case 'array':
      return ofArray(schema, place);
    case 'string':
      return sampleText(schema);
    case 'integer':
    case 'number':
      return ofNumber(schema, type === 'integer');
    case 'boolean':
      return false;
    case 'null':
      return null;
    default:
      return undefined;
  }
}

function ofObject(schema: JsonObject, place: Place): Json | undefined {
  const properties = isObject(schema['properties']) ? schema['properties'] : {};
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  const members: [string, Json][] = [];
  for (const name of new Set(required)) {
    if (typeof name !== 'string') return undefined;
    const stated = Object.hasOwn(properties, name)
      ? properties[name]
      : schema['additionalProperties'];
    const value = made(stated ?? true, place);
    if (value === undefined) return undefined;
    members.push([name, value]);
  }
  return Object.fromEntries(members);
}

function ofArray(schema: JsonObject, place: Place): Json | undefined {
  const { minItems, prefixItems, items } = schema;
  const count = typeof minItems === 'number' ? minItems : 0;
  if (count > mostItems) return undefined;
  const first = Array.isArray(prefixItems) ? prefixItems : [];
  const values = Array.from({ length: count }, (_, at) => made(first[at] ?? items, place));
  return values.every((each) => each !== undefined) ? values : undefined;
}

/** The number nearest to zero that the bounds allow. */
function ofNumber(schema: JsonObject, isInteger: boolean): Json | undefined {
  const bound = (name: string) => (typeof schema[name] === 'number' ? schema[name] : undefined);
  const above = bound('exclusiveMinimum');
  const below = bound('exclusiveMaximum');
  const step = bound('multipleOf') ?? 1;
  const least = Math.max(bound('minimum') ?? -Infinity, above ?? -Infinity);
  const most = Math.min(bound('maximum') ?? Infinity, below ?? Infinity);
  const isBetween = (value: number) =>
    value >= least && value <= most && value !== above && value !== below;
  const candidates = [
    0,
    Math.ceil(least / step) * step,
    (Math.floor(least / step) + 1) * step,
    Math.floor(most / step) * step,
    (Math.ceil(most / step) - 1) * step,
    ...(isInteger ? [] : [least, most, (least + most) / 2]),
  ];
  return candidates.find((value) => Number.isFinite(value) && isBetween(value));
}
