import { isObject, type Json, type JsonObject } from '../../core/json.ts';
import { headerValue } from './header-value.ts';

/** A parameter that is mirrored into `Mcp-Param-NAME`, and where it stands in the arguments. */
export interface ParamHeader {
  readonly header: string;
  readonly path: readonly string[];
}

/** What a tool's `inputSchema` says under `x-mcp-header`, or why the whole tool may not be listed because of it. */
export type ParamHeaders =
  | { readonly kind: 'valid'; readonly params: readonly ParamHeader[] }
  | { readonly kind: 'invalid'; readonly reason: string };

const annotation = 'x-mcp-header';
/** RFC 9110 section 5.6.2. */
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/;
const types: ReadonlySet<unknown> = new Set(['string', 'integer', 'boolean']);

/** Keywords whose value is data, not a schema. */
const data: ReadonlySet<string> = new Set(['const', 'default', 'enum', 'examples', annotation]);
/** Keywords whose value has schemas under names of the author's choice. */
const named: ReadonlySet<string> = new Set([
  'properties',
  'patternProperties',
  'dependentSchemas',
  '$defs',
  'definitions',
]);

/** Reads the annotations of a schema; recursive, so only for one that nests no deeper than `maxJsonDepth`. */
export function paramHeaders(schema: unknown): ParamHeaders {
  const params: ParamHeader[] = [];
  const reason = isObject(schema) ? visit(schema, [], params) : undefined;
  if (reason !== undefined) return { kind: 'invalid', reason };
  const names = new Set(params.map(({ header }) => header.toLowerCase()));
  if (names.size < params.length) {
    return { kind: 'invalid', reason: `"${annotation}" names one header twice` };
  }
  return { kind: 'valid', params };
}

/** `path`: undefined where the schema is not reached by `properties` alone. */
function visit(
  schema: JsonObject,
  path: readonly string[] | undefined,
  params: ParamHeader[],
): string | undefined {
  const name = schema[annotation];
  if (name !== undefined) {
    const reason = faultOf(name, schema['type'], path);
    if (reason !== undefined) return reason;
    params.push({ header: `mcp-param-${String(name)}`, path: path ?? [] });
  }
  for (const [keyword, value] of Object.entries(schema)) {
    if (data.has(keyword)) continue;
    const reason = visitKeyword(keyword, value, path, params);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function visitKeyword(
  keyword: string,
  value: Json | undefined,
  path: readonly string[] | undefined,
  params: ParamHeader[],
): string | undefined {
  const isNamed = named.has(keyword) && isObject(value);
  const children = isNamed
    ? Object.entries(value)
    : unnamed(value).map((each) => ['', each] as const);
  for (const [key, child] of children) {
    if (!isObject(child) && !Array.isArray(child)) continue;
    const below = keyword === 'properties' && path !== undefined ? [...path, key] : undefined;
    const reason = isObject(child)
      ? visit(child, below, params)
      : visitKeyword('', child, undefined, params);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function unnamed(value: Json | undefined): readonly (Json | undefined)[] {
  return Array.isArray(value) ? value : [value];
}

function faultOf(
  name: unknown,
  type: unknown,
  path: readonly string[] | undefined,
): string | undefined {
  if (typeof name !== 'string' || !token.test(name)) {
    return `"${annotation}" must be the name of a header`;
  }
  if (path === undefined || path.length === 0) {
    return `"${annotation}" stands where "properties" alone do not lead`;
  }
  return types.has(type)
    ? undefined
    : `"${annotation}" is only for parameters of type string, integer or boolean`;
}

/** The headers of a call, names and values in turn; a parameter that is absent or null has none. */
export function mirrored(params: readonly ParamHeader[], args: JsonObject): readonly string[] {
  return params.flatMap(({ header, path }) => {
    const text = textOf(valueAt(args, path));
    return text === undefined ? [] : [header, headerValue(text)];
  });
}

function valueAt(args: JsonObject, path: readonly string[]): Json | undefined {
  let value: Json | undefined = args;
  for (const key of path) {
    value = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  }
  return value;
}

function textOf(value: Json | undefined): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  return Number.isSafeInteger(value) ? String(value) : undefined;
}
