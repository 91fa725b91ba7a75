import { lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { dirname, parse, resolve, sep } from 'node:path';

const linksLimit = 40;
const placesLimit = 256;
const nameLimit = 255;
const looksLimit = 4000;
const stepsLimit = 20_000;

type Look = 'absent' | 'other' | { readonly target: string };

interface Walk {
  /** The real path so far, and what follows it that does not exist. */
  at: string;
  readonly absent: string[];
  /** The names to go, the next one last. */
  readonly ahead: string[];
  links: number;
  places: number;
}

/**
 * The file system as it stands while one call is looked at: every place is looked at once, and all looks and steps of the
 * call together are limited, for the caller chooses them.
 */
export class Disk {
  readonly #seen = new Map<string, Look>();
  #looks = 0;
  #steps = 0;

  /**
   * The real path of `names` below `start`, a real path: links followed, also those that lead nowhere yet, and what does
   * not exist by its text. Undefined when it cannot be told: too long a way, or one through a process of this system.
   * `links` collects where the links lie that were followed.
   */
  follow(start: string, names: readonly string[], links: string[] = []): string | undefined {
    const walk: Walk = { at: start, absent: [], ahead: names.toReversed(), links: 0, places: 0 };
    const { ahead, absent } = walk;
    this.#steps += 1;
    for (let name = ahead.pop(); name !== undefined; name = ahead.pop()) {
      if (name === '..') {
        if (absent.pop() === undefined) walk.at = dirname(walk.at);
      } else if (absent.length > 0) {
        // Below what does not exist there is nothing to look at.
        absent.push(name);
      } else if (!this.#step(walk, name, links)) return undefined;
    }
    return absent.length === 0 ? settled(walk.at) : below(settled(walk.at), absent.join(sep));
  }

  /** Whether there is anything of this name; `folder` is a real path. */
  has(folder: string, name: string): boolean {
    return this.#look(below(folder, name), name) !== 'absent';
  }

  // False when it is not for the gate to say where this leads.
  #step(walk: Walk, name: string, links: string[]): boolean {
    const place = below(walk.at, name);
    walk.places += 1;
    this.#steps += 1;
    if (walk.places > placesLimit || belongsToProcess(place)) return false;
    const found = this.#look(place, name);
    if (found === 'other') walk.at = place;
    else if (found === 'absent' || walk.links === linksLimit) walk.absent.push(name);
    else {
      walk.links += 1;
      links.push(place);
      walk.at = resolve(walk.at, parse(found.target).root);
      walk.ahead.push(...namesOf(found.target).toReversed());
    }
    return this.#looks <= looksLimit && this.#steps <= stepsLimit;
  }

  #look(place: string, name: string): Look {
    const seen = this.#seen.get(place);
    if (seen !== undefined) return seen;
    // What is longer than a name can be is not there, and asking would cost more than knowing.
    const asks = name.length <= nameLimit && this.#looks <= looksLimit;
    if (asks) this.#looks += 1;
    const found = asks ? look(place) : 'absent';
    this.#seen.set(place, found);
    return found;
  }
}

/** The names in a path, without its root and without those that mean nothing. */
export function namesOf(path: string): readonly string[] {
  return path
    .slice(parse(path).root.length)
    .split(sep === '/' ? '/' : /[\\/]/)
    .filter((name) => name !== '' && name !== '.');
}

function look(place: string): Look {
  try {
    const entry = lstatSync(place, { throwIfNoEntry: false });
    if (entry === undefined) return 'absent';
    return entry.isSymbolicLink() ? { target: readlinkSync(place) } : 'other';
  } catch {
    // What is no name, or may not be looked at: its text is all there is.
    return 'absent';
  }
}

function below(folder: string, name: string): string {
  return folder.endsWith(sep) ? folder + name : folder + sep + name;
}

// What these lead to differs between the gate and the tool server: their own folders, their own open files.
function belongsToProcess(place: string): boolean {
  return /^\/(?:proc\/(?:self|thread-self|\d+)|dev\/fd)$/.test(place);
}

// Elsewhere one file may have names in several spellings, and the system knows which is its own.
function settled(path: string): string {
  if (process.platform === 'linux') return path;
  try {
    return realpathSync.native(path);
  } catch {
    return path;
  }
}
