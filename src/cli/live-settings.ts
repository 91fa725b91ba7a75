import { realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, parse, resolve } from 'node:path';
import type { Config, ServerConfig } from '../config/config.ts';
import { applyReload, diffNeedingRestart } from '../config/reload.ts';
import { callSettings } from '../config/settings.ts';
import { watchConfig } from '../config/watch.ts';
import type { Control } from '../control/control-file.ts';
import { describe } from '../core/errors.ts';
import { Disk, namesOf } from '../facts/follow.ts';
import type { CallSettings } from '../facts/input.ts';
import type { PathRoots } from '../facts/paths.ts';

/** The configuration as it is in force at this moment. */
export interface LiveSettings {
  config(): Config;
  of(server: string, tool: string): CallSettings;
  /** Grows whenever anything that `of` says may be another. */
  revision(): number;
  /** What of the file is not in force, and why; empty when all of it is. */
  faults(): readonly string[];
  close(): void;
}

export type SettingsChange = { readonly before: Config; readonly after: Config };

/** Follows the config file and the operator's document; a broken edit keeps what was in force. */
export function followSettings(
  first: Config,
  control: Control,
  onChange: (change: SettingsChange | undefined) => void,
): LiveSettings {
  let config = first;
  let revision = 0;
  let override = control.current().mode;
  let faults: readonly string[] = [];
  const options = { env: process.env, servers: 'expand' } as const;
  const stop = watchConfig(first.file, options, (change) => {
    if (change.kind === 'failed') {
      faults = [describe(change.error)];
      onChange(undefined);
      return;
    }
    const before = config;
    faults = diffNeedingRestart(before, change.config).map((path) => `"${path}" needs a restart`);
    config = applyReload(before, change.config);
    revision += 1;
    onChange({ before, after: config });
  });
  return {
    config: () => config,
    of: (server, tool) => {
      const settings = callSettings(config, server, tool);
      const forced = settings.mode === 'observe' && control.current().mode === 'enforce';
      return forced ? { ...settings, mode: 'enforce' } : settings;
    },
    revision: () => {
      const { mode } = control.current();
      if (mode !== override) revision += 1;
      override = mode;
      return revision;
    },
    faults: () => faults,
    close: stop,
  };
}

/** What string arguments are resolved against, and where they must not lead. */
export function pathRoots(config: Config, policyFolder: string): (server: string) => PathRoots {
  const protectedPaths = [config.file, policyFolder, config.stateDir].flatMap(placesOf);
  const workspace = config.workspace === undefined ? undefined : realPath(config.workspace);
  const folder = realPath(dirname(config.file));
  const roots = new Map(
    [...config.servers].map(([key, server]): [string, PathRoots] => [
      key,
      { workspace, ...rootsOf(server, folder), protectedPaths },
    ]),
  );
  const others: PathRoots = { workspace, serverCwd: folder, protectedPaths };
  return (server) => roots.get(server) ?? others;
}

// A remote server has no folder here; that its paths are taken for some of this machine can only protect too much.
function rootsOf(
  server: ServerConfig,
  folder: string,
): Pick<PathRoots, 'serverCwd' | 'serverFolders'> {
  if (server.kind === 'remote') return { serverCwd: folder };
  const { cwd, args } = server;
  return { serverCwd: realPath(cwd), serverFolders: args.flatMap((arg) => foldersIn(arg, cwd)) };
}

// Where it really is, and every link on the way there: who changes one of those changes what the gate finds.
function placesOf(path: string): readonly string[] {
  const links: string[] = [];
  const real = new Disk().follow(parse(path).root, namesOf(path), links);
  return [...links, real ?? realPath(path)];
}

// File servers take relative paths from the folders that they were started with: `./data`, `~/data`, `--root=./data`.
function foldersIn(arg: string, cwd: string): readonly string[] {
  const written = [arg, arg.slice(arg.indexOf('=') + 1)];
  const meant = written.map((each) => each.replace(/^~(?=[\\/]|$)/, () => homedir()));
  return meant
    .map((each) => resolve(cwd, each))
    .map(realPath)
    .filter(isFolder);
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // Not made yet: it is what it is called.
    return path;
  }
}
