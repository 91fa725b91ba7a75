/** Where a value stands in the config file. */
export type Path = readonly (string | number)[];

/** One thing that is wrong with the file. `found` never holds a value that may be secret. */
export interface Problem {
  readonly path: Path;
  readonly expected: string;
  readonly found: string;
  readonly hint?: string;
  /** The place is the key itself, not its value. */
  readonly atKey?: boolean;
}

export function at(path: Path, key: string | number): Path {
  return [...path, key];
}

/** `mcpServers.files.args[1]`; a key that is not a plain word stands in quotes. */
export function pathText(path: Path): string {
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`;
      const word = /^[\w$-]+$/.test(part) ? part : JSON.stringify(part);
      return index === 0 ? word : `.${word}`;
    })
    .join('');
}
