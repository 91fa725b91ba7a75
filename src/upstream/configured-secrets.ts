import type { ServerCommand } from './server-spec.ts';

/** Shorter values are words that a message may well contain. */
const valueCharacters = 8;
const namedCharacters = 4;

const secretFlag = /^--?[\w.-]*(?:token|passw(?:or)?d|secret|key|credentials?)$/i;
const word = /[\w+=~.-]{20,}/g;
const passwordInUrl = /:\/\/[^\s/:@]*:([^\s/@]+)@/g;

/** What a server was given to keep, as far as one can tell: its environment, and the arguments that look like secrets. */
export function configuredSecrets({ args, env }: ServerCommand): readonly string[] {
  const values = Object.values(env).filter((value) => value.length >= valueCharacters);
  const named = namedSecrets(args).filter((value) => value.length >= namedCharacters);
  const found = args.flatMap((arg) => [
    ...[...arg.matchAll(passwordInUrl)].flatMap(([, password]) => password ?? []),
    ...(arg.match(word) ?? []).filter(looksRandom),
  ]);
  // The longest first: a part of it would leave the rest standing.
  return [...new Set([...values, ...named, ...found])].sort((a, b) => b.length - a.length);
}

/** `--token=VALUE`, and the argument behind `--token`. */
function namedSecrets(args: readonly string[]): readonly string[] {
  return args.flatMap((arg, index) => {
    const equals = arg.indexOf('=');
    if (equals > 0) return secretFlag.test(arg.slice(0, equals)) ? [arg.slice(equals + 1)] : [];
    return secretFlag.test(arg) ? (args[index + 1] ?? []) : [];
  });
}

/** A false alarm only blanks a word in a line for people. */
function looksRandom(text: string): boolean {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values())
    bits -= (count / text.length) * Math.log2(count / text.length);
  return /\d/.test(text) && /[A-Za-z]/.test(text) && bits >= 3;
}
