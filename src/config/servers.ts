import { isObject, type Json, type JsonObject } from '../core/json.ts';
import { type Environment, expandServer, type Report } from './expand.ts';
import { at, type Path } from './problem.ts';
import { checkRemote } from './remote.ts';
import { shown } from './report.ts';

/** How clients write the kinds of servers, and what we call them. */
const types: Readonly<Record<string, 'stdio' | 'http' | 'sse'>> = {
  stdio: 'stdio',
  http: 'http',
  'streamable-http': 'http',
  streamableHttp: 'http',
  sse: 'sse',
};

/** The names under which clients keep a server's address. */
const addresses = ['url', 'httpUrl', 'serverUrl'];

/**
 * The entries of `mcpServers` that are to run, each with the `type` that it means, and with its variables filled in when
 * `env` is given. What cannot be served is told to `report` and left out, so that one entry gives one message.
 */
export function usableServers(
  entries: JsonObject,
  path: Path,
  env: Environment | undefined,
  report: Report,
): JsonObject {
  const usable = Object.entries(entries).flatMap(([key, entry]): [string, Json][] => {
    if (!isObject(entry)) return [[key, entry ?? null]];
    const meant = usableServer(entry, at(path, key), env, report);
    return meant === undefined ? [] : [[key, meant]];
  });
  checkKeys(
    usable.map(([key]) => key),
    path,
    report,
  );
  return Object.fromEntries(usable);
}

/** Files are named after servers, and some file systems ignore case; so do people who read a tool's name. */
function checkKeys(keys: readonly string[], path: Path, report: Report): void {
  const seen = new Map<string, string>();
  for (const key of keys) {
    const other = seen.get(key.toLowerCase());
    seen.set(key.toLowerCase(), key);
    if (other === undefined) continue;
    report({
      path: at(path, key),
      expected: 'a server key of its own',
      found: `"${key}", which is "${other}" but for the case of its letters`,
      hint: 'rename one of the two servers',
      atKey: true,
    });
  }
}

function usableServer(
  entry: JsonObject,
  path: Path,
  env: Environment | undefined,
  report: Report,
): JsonObject | undefined {
  if (!isWanted(entry, path, report)) return undefined;
  const type = typeOf(entry, path, report);
  if (type === undefined) return undefined;
  if (env === undefined) return { ...entry, type };
  let isWhole = true;
  const filled = expandServer(entry, path, env, (problem) => {
    isWhole = false;
    report(problem);
  });
  if (type !== 'stdio' && isWhole) checkRemote(filled, path, report);
  return { ...filled, type };
}

function isWanted({ disabled }: JsonObject, path: Path, report: Report): boolean {
  if (disabled === undefined || disabled === false) return true;
  if (disabled === true) return false;
  report({ path: at(path, 'disabled'), expected: 'true or false', found: shown(disabled, path) });
  return false;
}

/** What an entry means: an entry that could mean two things means none. */
function typeOf(
  entry: JsonObject,
  path: Path,
  report: Report,
): 'stdio' | 'http' | 'sse' | undefined {
  const said = entry['type'];
  const [address, another] = addresses.filter((name) => entry[name] !== undefined);
  const meant = said === undefined ? (address === undefined ? 'stdio' : 'http') : typeNamed(said);
  const fault = (member: string, expected: string, found: string) =>
    report({ path: at(path, member), expected, found });
  if (meant === undefined) fault('type', '"stdio", "http" or "sse"', 'another type');
  else if (another !== undefined) fault(another, `"${address}" alone`, 'a second address');
  else if (meant === 'stdio' && address !== undefined)
    fault(address, 'a server that is started by "command"', 'an address');
  else if (meant !== 'stdio' && address === undefined)
    fault('url', 'the address of the server', 'nothing');
  else if (meant !== 'stdio' && entry['command'] !== undefined)
    fault('command', `either "command" or "${address}"`, 'both');
  else return meant;
  return undefined;
}

function typeNamed(said: unknown): 'stdio' | 'http' | 'sse' | undefined {
  return typeof said === 'string' && Object.hasOwn(types, said) ? types[said] : undefined;
}
