import { lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join, parse, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isObject, type Json, type JsonObject } from '../core/json.ts';

/** A string argument that names a file: what was given, and what it may really be once links are followed. */
export interface PathFact {
  /** RFC 6901 pointer into the arguments. */
  readonly pointer: string;
  readonly given: string;
  readonly resolved: string;
}

export interface PathFacts {
  readonly paths: readonly PathFact[];
  /** The pointer of an argument that leads into what the gate itself lives on; undefined when none does. */
  readonly protectedAt: string | undefined;
}

export interface PathRoots {
  /** What relative paths mean to policy, as a real path; undefined when no workspace is configured. */
  readonly workspace: string | undefined;
  /** Where the tool server runs, so what relative paths may mean to it. A real path. */
  readonly serverCwd: string;
  /** Files and folders that no argument may lead into: config, policies, state. Real paths. */
  readonly protectedPaths: readonly string[];
}

const pathLimit = 4096;
const nameLimit = 255;
const linksLimit = 40;
const stringsLimit = 2000;

/**
 * What the string arguments of a call mean as paths. Attacker-controlled throughout: strings are followed on disk as they
 * stand now, and a link that is made later is not seen.
 */
export function pathFacts(args: JsonObject, roots: PathRoots): PathFacts {
  const paths: PathFact[] = [];
  let protectedAt: string | undefined;
  let strings = 0;
  // A relative path is meant from the workspace, but the server may take it from where it runs: both count.
  const bases = [...new Set([roots.workspace ?? roots.serverCwd, roots.serverCwd])];
  const visit = (value: Json | undefined, pointer: string): void => {
    if (typeof value === 'string') {
      strings += 1;
      if (strings > stringsLimit) protectedAt ??= pointer;
      else look(value, pointer);
    } else if (Array.isArray(value)) {
      for (const [at, each] of value.entries()) visit(each, `${pointer}/${at}`);
    } else if (isObject(value)) {
      for (const [key, each] of Object.entries(value)) visit(each, `${pointer}/${escapeKey(key)}`);
    }
  };
  const look = (value: string, pointer: string): void => {
    const path = asPath(value);
    if (path === undefined) return;
    const meant = [...new Set(bases.flatMap((base) => meanings(path, base)))];
    if (meant.some((real) => isProtected(real, roots.protectedPaths))) protectedAt ??= pointer;
    if (!looksLikePath(path) && !namesAPath(pointer)) return;
    for (const resolved of meant) paths.push({ pointer, given: value, resolved });
  };
  visit(args, '');
  return { paths, protectedAt };
}

function asPath(value: string): string | undefined {
  if (value.length === 0 || value.length > pathLimit) return undefined;
  if (/[\n\r\0]/.test(value)) return undefined;
  if (/^file:/i.test(value)) {
    try {
      return fileURLToPath(value);
    } catch {
      return undefined;
    }
  }
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(value)) return undefined;
  if (value === '~' || value.startsWith('~/')) return join(homedir(), value.slice(1));
  const assigned = /^-{0,2}[\w-]+=(.+)$/.exec(value)?.[1];
  if (assigned?.includes('/')) return asPath(assigned);
  return looksLikePath(value) || value.length <= nameLimit ? value : undefined;
}

function looksLikePath(value: string): boolean {
  return (
    value.includes('/') || value.includes('\\') || value.startsWith('.') || /^[a-z]:/i.test(value)
  );
}

// A bare word is a path where the argument is called one.
function namesAPath(pointer: string): boolean {
  return /(path|file|dir|folder|uri|root|source|destination|target|cwd)[^/]*(\/\d+)?$/i.test(
    pointer,
  );
}

/**
 * What a path may lead to from `base`. Some tools drop `..` before they look at the disk, others let the system follow a
 * link first and go up from where it leads: both count where they differ.
 */
function meanings(path: string, base: string): readonly string[] {
  const dropped = follow(resolve(base, path), base);
  if (!path.includes('..')) return [dropped];
  const walked = walk(path, base);
  return walked === dropped ? [dropped] : [dropped, walked];
}

function walk(path: string, base: string): string {
  const root = isAbsolute(path) ? parse(path).root : base;
  return path
    .slice(isAbsolute(path) ? root.length : 0)
    .split(/[\\/]/)
    .reduce((at, part) => (part === '..' ? dirname(at) : follow(resolve(at, part), base)), root);
}

/** The real path: links followed, also those that lead nowhere yet; what does not exist is kept as it stands. */
function follow(path: string, base: string, links = 0): string {
  const rest: string[] = [];
  for (let at = path; ; at = dirname(at)) {
    // The base is real already, as the configuration was read.
    if (at === base) return join(base, ...rest);
    const entry = lookAt(at);
    if (entry === 'other') return join(realOf(at), ...rest);
    if (entry !== undefined && links < linksLimit) {
      return follow(join(resolve(dirname(at), entry.target), ...rest), base, links + 1);
    }
    if (at === dirname(at)) return path;
    rest.unshift(basename(at));
  }
}

function lookAt(path: string): 'other' | { readonly target: string } | undefined {
  try {
    const entry = lstatSync(path, { throwIfNoEntry: false });
    if (entry === undefined) return undefined;
    return entry.isSymbolicLink() ? { target: readlinkSync(path) } : 'other';
  } catch {
    // A component that is no folder or may not be looked at: its parent decides.
    return undefined;
  }
}

function realOf(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    // Gone since the look, or a loop among its parents: it stays what it was called.
    return path;
  }
}

function isProtected(real: string, protectedPaths: readonly string[]): boolean {
  const folded = fold(real);
  return protectedPaths.some(
    (each) => folded === fold(each) || folded.startsWith(fold(each) + sep),
  );
}

// Default file systems of macOS and Windows ignore case.
function fold(path: string): string {
  return process.platform === 'linux' ? path : path.toLowerCase();
}

function escapeKey(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
