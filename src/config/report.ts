import { findNodeAtLocation, type Node } from 'jsonc-parser';
import { GateError } from '../core/errors.ts';
import { type Path, type Problem, pathText } from './problem.ts';

interface PlacedProblem extends Problem {
  readonly offset: number;
}

/** Puts every problem at its place in the file; a value that is missing stands where its parent begins. */
export function place(problems: readonly Problem[], root: Node | undefined): PlacedProblem[] {
  return problems.map((problem) => ({ ...problem, offset: offsetOf(root, problem) }));
}

function offsetOf(root: Node | undefined, { path, atKey }: Problem): number {
  if (root === undefined) return 0;
  for (let length = path.length; length >= 0; length--) {
    const node = findNodeAtLocation(root, [...path.slice(0, length)]);
    if (node === undefined) continue;
    const isKey = atKey === true && length === path.length && node.parent?.type === 'property';
    return isKey ? (node.parent?.offset ?? node.offset) : node.offset;
  }
  return 0;
}

/** The error for a file with these problems: one line each, in the order of the file. */
export function configError(
  file: string,
  text: string,
  problems: readonly PlacedProblem[],
): GateError {
  const ordered = problems.toSorted((a, b) => a.offset - b.offset);
  const lines = ordered.map((problem, index) => {
    const hint = index > 0 && problem.hint !== undefined ? ` (${problem.hint})` : '';
    return `${file}:${lineAndColumn(text, problem.offset)}: ${sentence(problem)}${hint}`;
  });
  const hint = ordered[0]?.hint;
  return new GateError('config_invalid', lines.join('\n'), hint === undefined ? {} : { hint });
}

function sentence({ path, expected, found }: Problem): string {
  const what = `expected ${expected}, found ${found}`;
  return path.length === 0 ? what : `"${pathText(path)}": ${what}`;
}

function lineAndColumn(text: string, offset: number): string {
  const before = text.slice(0, offset).split('\n');
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}

/** A value as a message may show it: short plain values of the gate's own settings, of all others only the type. */
export function shown(value: unknown, path: Path): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  const kind = typeof value === 'string' ? 'text' : `a ${typeof value}`;
  if (isPrivate(path)) return kind;
  const text = JSON.stringify(value);
  return text.length <= 40 ? text : kind;
}

// Whatever stands in a server's entry outside `gate` may hold a secret, and so may a text that a client put beside it.
function isPrivate([first, second, third]: Path): boolean {
  if (first === 'approvals') return second === 'notify' || second === 'page';
  if (first === 'transport') return second === 'http' && third === 'tokens';
  return (first === 'mcpServers' || first === 'servers') && third !== 'gate';
}
