import { isObject, type Json, type JsonObject } from '../core/json.ts';
import { at, type Path, type Problem } from './problem.ts';

export type Environment = Readonly<Record<string, string | undefined>>;
export type Report = (problem: Problem) => void;

/** Which strings may hold variables, directly or one level down; names of members never do. */
const ofServer = new Set([
  ...['command', 'args', 'env', 'envFile', 'cwd'],
  ...['url', 'httpUrl', 'serverUrl', 'headers', 'oauth'],
]);
const ofPolicy = new Set(['dir', 'bundle']);
const ofFile = new Set(['stateDir', 'workspace']);
const ofHttp = new Set(['host', 'publicUrl', 'tls', 'tokens']);
const ofWebhook = new Set(['url', 'secret']);
const ofIssuer = new Set(['issuer', 'jwksUri', 'audience']);

/** An entry of `mcpServers`, which stands at `path`, with its variables filled in. */
export function expandServer(entry: JsonObject, path: Path, env: Environment, report: Report) {
  return expandMembers(entry, ofServer, path, env, report);
}

/** The whole file with the variables in the gate's own paths filled in; servers are left as they are. */
export function expandPaths(file: JsonObject, env: Environment, report: Report): JsonObject {
  const expanded = expandMembers(file, ofFile, [], env, report);
  const { policy } = file;
  if (!isObject(policy)) return expanded;
  return { ...expanded, policy: expandMembers(policy, ofPolicy, ['policy'], env, report) };
}

/** What only a running gate needs: how it is reached, whose tokens it takes, and where it sends notices. */
export function expandServing(file: JsonObject, env: Environment, report: Report): JsonObject {
  const { transport, identity, approvals } = file;
  const http = isObject(transport) ? transport['http'] : undefined;
  const issuers = isObject(identity) ? identity['issuers'] : undefined;
  const filled = (issuer: Json, index: number) =>
    isObject(issuer)
      ? expandMembers(issuer, ofIssuer, ['identity', 'issuers', index], env, report)
      : issuer;
  const notify = isObject(approvals) ? approvals['notify'] : undefined;
  const webhook = (each: Json, index: number) =>
    isObject(each)
      ? expandMembers(each, ofWebhook, ['approvals', 'notify', index], env, report)
      : each;
  return {
    ...file,
    ...(isObject(approvals) &&
      Array.isArray(notify) && { approvals: { ...approvals, notify: notify.map(webhook) } }),
    ...(isObject(transport) &&
      isObject(http) && {
        transport: {
          ...transport,
          http: expandMembers(http, ofHttp, ['transport', 'http'], env, report),
        },
      }),
    ...(isObject(identity) &&
      Array.isArray(issuers) && { identity: { ...identity, issuers: issuers.map(filled) } }),
  };
}

function expandMembers(
  object: JsonObject,
  names: ReadonlySet<string>,
  path: Path,
  env: Environment,
  report: Report,
): JsonObject {
  const text = (value: Json, place: Path) =>
    typeof value === 'string' ? expandText(value, place, env, report) : value;
  const member = (value: Json, place: Path): Json => {
    if (Array.isArray(value)) return value.map((each: Json, index) => text(each, at(place, index)));
    if (!isObject(value)) return text(value, place);
    return mapMembers(value, (each, key) => text(each, at(place, key)));
  };
  return mapMembers(object, (value, key) =>
    names.has(key) ? member(value, at(path, key)) : value,
  );
}

function mapMembers(object: JsonObject, change: (value: Json, key: string) => Json): JsonObject {
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => [key, change(value ?? null, key)]),
  );
}

const variable = /\$\{([^}]*)\}/g;
const reference = /^(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

// What a variable holds is not expanded again, so a value cannot reach for another variable.
function expandText(text: string, path: Path, env: Environment, report: Report): string {
  return text.replace(variable, (whole, inner: string) => {
    const [, name, fallback] = reference.exec(inner) ?? [];
    if (name === undefined) {
      report({
        path,
        // biome-ignore lint/suspicious/noTemplateCurlyInString: the notation itself is named
        expected: '"${NAME}", "${NAME:-default}" or "${env:NAME}"',
        found: 'another form of variable',
        hint: 'write the value itself, or name an environment variable',
      });
      return whole;
    }
    const value = env[name];
    if (fallback !== undefined) return value === undefined || value === '' ? fallback : value;
    if (value !== undefined) return value;
    report({
      path,
      expected: `the environment variable "${name}"`,
      found: 'no such variable',
      hint: `set ${name}, or give a default: \${${name}:-default}`,
    });
    return whole;
  });
}
