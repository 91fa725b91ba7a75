import type { Detector, Span } from './detector.ts';

/** The shortest of them is longer. */
const fewestCharacters = 14;

/**
 * How each kind of credential begins, as `policies/lib/secrets.rego` knows it, and which characters belong to the rest of
 * it. The beginnings have a bounded length, so that no text can make one be tried over and over.
 */
const kinds: readonly (readonly [name: string, beginning: RegExp, rest: RegExp])[] = [
  ['secret.anthropic_key', /sk-ant-[A-Za-z0-9_-]{20}/g, /[A-Za-z0-9_-]*/y],
  ['secret.aws_key', /(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])/g, /(?:)/y],
  ['secret.github_token', /gh[opsur]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{22}/g, /\w*/y],
  ['secret.gitlab_token', /glpat-[A-Za-z0-9_-]{20}/g, /[A-Za-z0-9_.-]*/y],
  ['secret.npm_token', /npm_[A-Za-z0-9]{36}/g, /[A-Za-z0-9]*/y],
  [
    'secret.openai_key',
    /(?<![A-Za-z0-9])sk-(?:proj-|svcacct-)?[A-Za-z0-9_]{20}/g,
    /[A-Za-z0-9_-]*/y,
  ],
  ['secret.slack_token', /xox[abeprs]-[A-Za-z0-9-]{10}/g, /[A-Za-z0-9-]*/y],
];

export const secretDetectors: readonly Detector[] = kinds.map(([name, beginning, rest]) => ({
  class: name,
  find: (text) => tokens(text, beginning, rest),
}));

function tokens(text: string, beginning: RegExp, rest: RegExp): readonly Span[] {
  if (text.length < fewestCharacters) return [];
  const found: Span[] = [];
  beginning.lastIndex = 0;
  for (;;) {
    const match = beginning.exec(text);
    if (match === null) return found;
    rest.lastIndex = beginning.lastIndex;
    rest.test(text);
    const end = Math.max(beginning.lastIndex, rest.lastIndex);
    found.push({ start: match.index, end });
    beginning.lastIndex = end;
  }
}
