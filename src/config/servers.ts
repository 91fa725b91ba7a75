import { isObject, type JsonObject } from '../core/json.ts';
import { type Environment, expandServer, type Report } from './expand.ts';
import { at, type Path } from './problem.ts';
import { shown } from './report.ts';

const remoteMembers = ['url', 'httpUrl', 'serverUrl'];

/**
 * The entries of `mcpServers` that are to run, with their variables filled in when `env` is given. What cannot be served is
 * told to `report` and left out, so that one entry gives one message.
 */
export function usableServers(
  entries: JsonObject,
  path: Path,
  env: Environment | undefined,
  report: Report,
): JsonObject {
  const usable: JsonObject[] = [];
  for (const [key, entry] of Object.entries(entries)) {
    if (!isObject(entry) || isUsable(entry, at(path, key), report)) {
      const expand = isObject(entry) && env !== undefined;
      usable.push({ [key]: expand ? expandServer(entry, at(path, key), env, report) : entry });
    }
  }
  return Object.assign({}, ...usable);
}

function isUsable(entry: JsonObject, path: Path, report: Report): boolean {
  const { disabled, type } = entry;
  if (disabled === true) return false;
  if (disabled !== undefined && disabled !== false) {
    report({
      path: at(path, 'disabled'),
      expected: 'true or false',
      found: shown(disabled, path),
    });
    return false;
  }
  const member = remoteMembers.find((name) => entry[name] !== undefined);
  const isRemote = typeof type === 'string' && type !== 'stdio';
  if (!isRemote && member === undefined) return true;
  report({
    path: at(path, isRemote || member === undefined ? 'type' : member),
    expected: 'a server that is started by "command"',
    found: 'a remote server',
    hint: 'remote servers come with a later version; until then say "disabled": true here',
  });
  return false;
}
