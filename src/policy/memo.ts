import { frozen } from '../core/frozen.ts';
import { isObject } from '../core/json.ts';
import { sharedText } from '../core/shared-text.ts';
import type { Decision } from './decision.ts';
import type { PolicyInput } from './input.ts';
import type { Reads } from './reads.ts';

/** Names and arguments are the agent's word: so many decisions are kept at most, by keys of at most so many units. */
const maxKept = 1000;
const keyLength = 4096;

/**
 * Decisions by all that their policy could see of the input, so that it is asked once about what is the same to it. What it
 * does not read, such as the time or how many calls there were, makes no difference here, either.
 */
export class Memo {
  readonly #reads: Reads;
  readonly #known = new Map<string, Decision>();

  constructor(reads: Reads) {
    this.#reads = reads;
  }

  /** Undefined where too much is read for a key. */
  keyOf(input: PolicyInput): string | undefined {
    let key = '';
    for (const path of this.#reads) {
      // JSON ends where it ends, and what is missing is no JSON: no two inputs that differ have one key.
      key += `${sharedText(partOf(input, path))},`;
      if (key.length > keyLength) return undefined;
    }
    return key;
  }

  get(key: string): Decision | undefined {
    return this.#known.get(key);
  }

  keep(key: string, decision: Decision): void {
    if (this.#known.size >= maxKept) this.#known.clear();
    this.#known.set(key, frozen(decision));
  }
}

function partOf(input: PolicyInput, path: Reads[number]): unknown {
  let part: unknown = input;
  for (const name of path) {
    if (!isObject(part) || !Object.hasOwn(part, name)) return undefined;
    part = part[name];
  }
  return part;
}
