import {
  getNodePath,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser';
import type { Json } from '../core/json.ts';
import type { Problem } from './problem.ts';

/** A file's text as JSON with comments and trailing commas, with the places that messages point at. */
interface ParsedFile {
  readonly root: Node | undefined;
  readonly value: Json;
  readonly problems: readonly (Problem & { readonly offset: number })[];
}

export function parseFile(text: string): ParsedFile {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true });
  const [first] = errors;
  if (first !== undefined || root === undefined) {
    return { root, value: null, problems: [syntaxProblem(first)] };
  }
  const problems = duplicates(root);
  return { root, value: problems.length > 0 ? null : toValue(root), problems };
}

// Only the first: what follows a syntax error is guesswork.
function syntaxProblem(error: ParseError | undefined) {
  const found = error === undefined ? 'an empty file' : words(printParseErrorCode(error.error));
  return { path: [], expected: 'JSON, comments allowed', found, offset: error?.offset ?? 0 };
}

/** `CommaExpected` as `comma expected`. */
function words(code: string): string {
  return code.replace(/(?!^)([A-Z])/g, ' $1').toLowerCase();
}

/** Two values for one key: readers disagree on which one counts. `__proto__` reads as no key at all in places. */
function duplicates(node: Node): ParsedFile['problems'] {
  const children = node.children ?? [];
  const seen = new Set<unknown>();
  const here = children.flatMap((property) => {
    const key = property.children?.[0];
    if (node.type !== 'object' || key === undefined) return [];
    const again = seen.has(key.value);
    seen.add(key.value);
    if (!again && key.value !== '__proto__') return [];
    return [
      {
        path: [...getNodePath(node), String(key.value)],
        expected: again ? 'every key once' : 'another name for this key',
        found: again ? 'the key a second time' : '"__proto__"',
        offset: key.offset,
      },
    ];
  });
  return [...here, ...children.flatMap(duplicates)];
}

function toValue(node: Node): Json {
  const children = node.children ?? [];
  if (node.type === 'array') return children.map(toValue);
  if (node.type !== 'object') return scalar(node.value);
  return Object.fromEntries(
    children.flatMap(({ children: [key, value] = [] }) =>
      key === undefined || value === undefined ? [] : [[String(key.value), toValue(value)]],
    ),
  );
}

function scalar(value: unknown): Json {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? value
    : null;
}
