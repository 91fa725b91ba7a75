import { once } from './once.ts';

/** `JSON.stringify(part)`, sooner: what is frozen stays as it is, and is put into text once. Undefined for what is missing. */
export function sharedText(part: object): string;
export function sharedText(part: unknown): string | undefined;
export function sharedText(part: unknown): string | undefined {
  const isShared = typeof part === 'object' && part !== null && Object.isFrozen(part);
  return isShared ? textOf(part) : JSON.stringify(part);
}

const textOf = once((part: object) => JSON.stringify(part));
