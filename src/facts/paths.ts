import { isObject, type Json, type JsonObject } from '../core/json.ts';
import { once } from '../core/once.ts';
import { Disk } from './follow.ts';
import { createGuard, type PathGuard } from './path-guard.ts';
import { type Meaning, meaningsOf } from './path-meanings.ts';
import { type Way, waysOf } from './path-ways.ts';

/** A string argument that names a file: what was given, and what it may really be once links are followed. */
export interface PathFact {
  /** RFC 6901 pointer into the arguments. */
  readonly pointer: string;
  readonly given: string;
  readonly resolved: string;
  /** Whether what the gate itself lives on is somewhere below it. */
  readonly holds_gate: boolean;
}

export interface PathFacts {
  readonly paths: readonly PathFact[];
  /** The pointer of an argument that leads into what the gate itself lives on, or may; undefined when none does. */
  readonly protectedAt: string | undefined;
}

export interface PathRoots {
  /** What relative paths mean to policy, as a real path; undefined when no workspace is configured. */
  readonly workspace: string | undefined;
  /** Where the tool server runs, so what relative paths may mean to it. A real path. */
  readonly serverCwd: string;
  /** Folders that the server was started with, which it may take relative paths from. Real paths. */
  readonly serverFolders?: readonly string[];
  /** Files and folders that no argument may lead into: config, policies, state. Real paths. */
  readonly protectedPaths: readonly string[];
}

const stringsLimit = 2000;
const furtherMeaningsLimit = 4000;

/** What is known of a request whose arguments no tool server opens. */
export const noPathFacts: PathFacts = { paths: [], protectedAt: undefined };

/**
 * What the string arguments of a call, and the names of their members, mean as paths. Attacker-controlled throughout:
 * strings are followed on disk as they stand now, and a link that is made later is not seen. What cannot be told within
 * the limits counts as leading into what the gate lives on.
 */
export function pathFacts(args: JsonObject, roots: PathRoots): PathFacts {
  const places = placesFrom(roots);
  const paths: PathFact[] = [];
  let protectedAt: string | undefined;
  let strings = 0;
  let further = 0;
  const look = (value: string, pointer: string, named: boolean): void => {
    // One is enough to refuse the call, and nothing that follows should cost any more.
    if (protectedAt !== undefined) return;
    strings += 1;
    const meanings = strings > stringsLimit ? [] : (meaningsOf(value) ?? []);
    further += meanings.length - 1;
    const found = new Map<string, boolean>();
    const leads = meanings.some((meaning) => places.lead(meaning, named, found));
    if (leads || meanings.length === 0 || further > furtherMeaningsLimit) protectedAt = pointer;
    for (const [resolved, holds_gate] of found) {
      paths.push({ pointer, given: value, resolved, holds_gate });
    }
  };
  const visit = (value: Json | undefined, pointer: string): void => {
    if (typeof value === 'string') {
      if (value !== '') look(value, pointer, namesAPath(pointer));
    } else if (Array.isArray(value)) {
      for (const [at, each] of value.entries()) visit(each, `${pointer}/${at}`);
    } else if (isObject(value)) {
      visitMembers(value, pointer);
    }
  };
  const visitMembers = (value: JsonObject, pointer: string): void => {
    const named = namesAPath(pointer);
    for (const key in value) {
      const at = `${pointer}/${escapeKey(key)}`;
      // The names that a tool gives its arguments are no paths.
      if (named || /[./\\%]/.test(key)) look(key, at, named);
      visit(value[key], at);
    }
  };
  visit(args, '');
  return { paths, protectedAt };
}

interface Ground {
  readonly guard: PathGuard;
  /** A relative path is meant from the workspace, but the server may take it from elsewhere: all count. */
  readonly bases: readonly string[];
}

// The roots of a server are the same for all its calls.
const groundOf = once((roots: PathRoots): Ground => {
  const { workspace, serverCwd, serverFolders = [], protectedPaths } = roots;
  const bases = [...new Set([workspace ?? serverCwd, serverCwd, ...serverFolders])];
  return { guard: createGuard(protectedPaths), bases };
});

function placesFrom(roots: PathRoots) {
  const { guard, bases } = groundOf(roots);
  const disk = new Disk();
  // Prose and web addresses look like paths to something that is not there; they only count where a path belongs.
  const leadsSomewhere = ({ start, names: [first] }: Way): boolean =>
    start !== undefined ||
    first === undefined ||
    first === '..' ||
    bases.some((base) => disk.has(base, first));
  const counts = ({ text, told }: Meaning, named: boolean, way: Way): boolean =>
    told && ((named && !hasScheme(text)) || (looksLikePath(text) && leadsSomewhere(way)));
  return {
    /** Adds to `found` what policy is told; true when it leads, or may lead, into what the gate lives on. */
    lead: (meaning: Meaning, named: boolean, found: Map<string, boolean>): boolean => {
      for (const way of waysOf(meaning.text, bases)) {
        const starts = way.start === undefined ? bases : [way.start];
        const places = starts.map((start) => disk.follow(start, way.names));
        const known = places.filter((place) => place !== undefined);
        if (known.length < places.length || known.some(guard.protects)) return true;
        if (!counts(meaning, named, way)) continue;
        for (const place of known) found.set(place, guard.isAbove(place));
      }
      return false;
    },
  };
}

function looksLikePath(text: string): boolean {
  return text.includes('/') || text.includes('\\') || text.startsWith('.') || /^[a-z]:/i.test(text);
}

function hasScheme(text: string): boolean {
  return /^(?:file:|[a-z][a-z0-9+.-]*:\/\/)/i.test(text);
}

// A bare word is a path where the argument is called one.
function namesAPath(pointer: string): boolean {
  return /(?:(?:path|file|dir|folder|uri|root|cwd)[^/]*|(?:source|destination|target)s?)(?:\/\d+)?$/i.test(
    pointer,
  );
}

function escapeKey(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
