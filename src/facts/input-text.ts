import { once } from '../core/once.ts';
import type { PolicyInput } from '../policy/input.ts';

/** `JSON.stringify(input)`, sooner: parts that calls have in common are frozen, and are put into text once. */
export function inputTextOf(input: PolicyInput): string {
  const members = Object.entries(input).map(
    ([name, part]) => `"${name}":${Object.isFrozen(part) ? textOf(part) : JSON.stringify(part)}`,
  );
  return `{${members.join(',')}}`;
}

const textOf = once((part: object) => JSON.stringify(part));
