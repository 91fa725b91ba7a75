import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** One source file: its path below `src` without `.ts`, and what it takes from and gives to others. */
export interface SourceFile {
  readonly name: string;
  readonly lines: number;
  readonly text: string;
  readonly imports: readonly Import[];
  readonly exports: readonly string[];
}

export interface Import {
  /** As written: `../core/json.ts`, `zod`, `node:fs`. */
  readonly from: string;
  /** The file it names, like `SourceFile.name`; undefined for packages. */
  readonly file: string | undefined;
  /** The names taken; `*` for all. */
  readonly names: readonly string[];
}

/** Every TypeScript file below `folder`. */
export function readHouse(folder: string): readonly SourceFile[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .map((file) =>
      readSource(path.relative(folder, file).replaceAll('\\', '/'), readFileSync(file, 'utf8')),
    );
}

/** Enough of a parser for this project's one import style: named imports and exports, one statement each. */
export function readSource(file: string, text: string): SourceFile {
  const name = file.replace(/\.ts$/, '');
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  return {
    name,
    lines: text.split('\n').length - 1,
    text: code,
    imports: [
      ...[...code.matchAll(/^(?:import|export)\s+(?:([^'";]*?)\s+from\s+)?'([^']+)'/gm)].map(
        ([, clause, from]) => readImport(name, clause ?? '*', from ?? ''),
      ),
      ...[...code.matchAll(/\b(?:import|require)\('([^']+)'\)/g)].map(([, from]) =>
        readImport(name, '*', from ?? ''),
      ),
    ],
    exports: [...declaredExports(code), ...listedExports(code)],
  };
}

function readImport(importer: string, clause: string, from: string): Import {
  const listed = /\{([^}]*)\}/.exec(clause)?.[1];
  return {
    from,
    file: from.startsWith('.')
      ? path.posix.join(path.posix.dirname(importer), from).replace(/\.ts$/, '')
      : undefined,
    names: listed === undefined ? ['*'] : splitNames(listed),
  };
}

function declaredExports(code: string): string[] {
  const declaration =
    /^export\s+(?:async\s+)?(?:const|let|function\*?|class|abstract class|interface|type)\s+([\w$]+)/gm;
  return [...code.matchAll(declaration)].map((match) => match[1] ?? '');
}

function listedExports(code: string): string[] {
  return [...code.matchAll(/^export\s+(?:type\s+)?\{([^}]*)\}/gm)].flatMap((match) =>
    splitNames(match[1] ?? ''),
  );
}

function splitNames(list: string): string[] {
  return list
    .split(',')
    .map((each) => each.trim().replace(/^type\s+/, ''))
    .filter((each) => each !== '')
    .map((each) => each.split(/\s+as\s+/)[0] ?? each);
}
