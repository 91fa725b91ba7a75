import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readHouse, readSource, type SourceFile } from './harness/house.ts';

/** What the pure rooms and the gate may know of the rooms that do the work. */
const contracts = [
  'policy/contract',
  'policy/decision',
  'policy/input',
  'policy/ruling',
  'store/contract',
  'store/approval-contract',
  'store/approver-contract',
  'store/control-contract',
  'store/edit-contract',
  'store/grant-contract',
  'control/contract',
  'approval/contract',
  'upstream/contract',
];

/** Who may import whom, by room: `room/*` is a whole room, `room/file` one file. A room may import itself. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  core: [],
  config: ['core/*'],
  wire: ['core/*'],
  bridge: ['core/*', 'wire/*', 'upstream/contract'],
  downstream: ['core/*', 'wire/*', 'bridge/*', 'upstream/contract'],
  upstream: ['core/*', 'wire/*', 'store/contract'],
  facts: ['core/*', ...contracts],
  policy: ['core/*', ...contracts],
  enforcement: [
    'core/*',
    ...contracts,
    'facts/*',
    'journal/entries',
    'journal/prior-run',
    'journal/recorder',
  ],
  approval: ['core/*', ...contracts, 'journal/entries', 'journal/prior-run'],
  control: ['core/*', ...contracts, 'journal/entries'],
  journal: ['core/*', ...contracts],
  store: ['core/*', 'journal/merkle'],
  gate: ['core/*', ...contracts, 'facts/*', 'enforcement/*', 'control/*', 'journal/entries'],
  web: [
    'core/*',
    'approval/*',
    'store/contract',
    'store/approval-contract',
    'downstream/http/page-contract',
  ],
  cli: ['*'],
  main: ['core/*', 'cli/*'],
};

/** Packages that only some rooms or files may know. A package that is not named here may not be imported at all. */
const vendors: Readonly<Record<string, readonly string[]>> = {
  '@modelcontextprotocol/sdk': ['downstream/', 'upstream/', 'cli/demo'],
  '@open-policy-agent/opa-wasm': ['policy/engine'],
  '@photostructure/sqlite': ['store/'],
  ajv: ['upstream/'],
  'ajv-formats': ['upstream/'],
  canonicalize: ['core/canonical'],
  commander: ['cli/'],
  'cross-spawn': ['upstream/'],
  jose: ['facts/'],
  'jsonc-parser': ['config/'],
  lowdb: ['control/'],
  pino: ['cli/'],
  'prom-client': ['downstream/http/'],
  re2js: ['facts/detectors/'],
  undici: ['upstream/'],
  zod: ['config/', 'policy/', 'control/', 'cli/', 'journal/', 'store/', 'enforcement/'],
  'node:sqlite': ['store/'],
};

const vagueNames = new Set([
  'utils',
  'helpers',
  'managers',
  'services',
  'common',
  'types',
  'index',
]);

const house = readHouse(path.join(import.meta.dirname, '..', 'src'));
const tests = readHouse(import.meta.dirname).map((file) => seenFromSource(file));

describe('the house', () => {
  it('has files to look at', () => {
    expect(house.map((file) => file.name)).toContain('main');
  });
  it('has its arrows pointing one way', () => expect(wrongArrows(house)).toEqual([]));
  it('keeps each package in its room', () => expect(wrongVendors(house)).toEqual([]));
  it('names the file with its extension in every import', () => {
    expect(wrongExtensions(house)).toEqual([]);
  });
  it('has no import cycles', () => expect(cycles(house)).toEqual([]));
  it('has no file over 300 lines', () => expect(longFiles(house)).toEqual([]));
  it('has no vague names', () => expect(vagueFiles(house)).toEqual([]));
  it('parses what others wrote in one place only', () => {
    expect(ownParsers(house)).toEqual(['core/parse-json', 'policy/input-json-schema']);
  });
  it('exports nothing without an importer', () => {
    expect(unusedExports(house, tests)).toEqual([]);
  });
  it('has no file that nobody loads', () => expect(unusedFiles(house)).toEqual([]));
});

describe('a house that is out of order is seen', () => {
  const broken: readonly [claim: string, seen: readonly string[], expected: string][] = [
    [
      'an arrow from core to the store',
      wrongArrows([file('core/a.ts', "import { b } from '../store/b.ts';")]),
      'core/a → store/b',
    ],
    [
      'an arrow from a room that has no row',
      wrongArrows([file('extra/a.ts', "import { b } from '../core/b.ts';")]),
      'extra/a → core/b',
    ],
    [
      'an arrow over several lines',
      wrongArrows([file('wire/a.ts', "import {\n  b,\n  type C,\n} from '../cli/b.ts';")]),
      'wire/a → cli/b',
    ],
    [
      'a package outside its room',
      wrongVendors([file('gate.ts', "import pino from 'pino';")]),
      'gate → pino',
    ],
    [
      'a package that nobody listed',
      wrongVendors([file('cli/a.ts', "import x from 'left-pad/deep';")]),
      'cli/a → left-pad',
    ],
    [
      'a package that is loaded late',
      wrongVendors([file('gate.ts', "const { Low } = await import('lowdb');")]),
      'gate → lowdb',
    ],
    [
      'an import without extension',
      wrongExtensions([file('core/a.ts', "import { b } from './b';")]),
      'core/a → ./b',
    ],
    [
      'a cycle of three',
      cycles([
        file('core/a.ts', "import { b } from './b.ts';"),
        file('core/b.ts', "import { c } from './c.ts';"),
        file('core/c.ts', "import type { A } from './a.ts';"),
      ]),
      'core/a → core/b → core/c → core/a',
    ],
    ['a long file', longFiles([file('core/a.ts', '\n'.repeat(301))]), 'core/a: 301 lines'],
    ['a vague folder', vagueFiles([file('core/utils/a.ts', '')]), 'core/utils/a'],
    ['a barrel', vagueFiles([file('core/index.ts', '')]), 'core/index'],
    [
      'an export that only its own file uses',
      unusedExports([file('core/a.ts', 'export function a() {}\na();')], []),
      'core/a: a',
    ],
    ['a parser of its own', ownParsers([file('wire/a.ts', 'JSON.parse(text);')]), 'wire/a'],
    ['a file that nobody loads', unusedFiles([file('core/a.ts', 'const a = 1;')]), 'core/a'],
  ];
  it.each(broken)('%s', (_claim, seen, expected) => expect(seen).toEqual([expected]));
});

function file(name: string, text: string): SourceFile {
  return readSource(name, text);
}

function room(name: string): string {
  return name.split('/')[0] ?? name;
}

function wrongArrows(files: readonly SourceFile[]): string[] {
  return links(files)
    .filter(([from, to]) => room(from) !== room(to) && !mayImport(room(from), to))
    .map(([from, to]) => `${from} → ${to}`);
}

function mayImport(from: string, to: string): boolean {
  return (arrows[from] ?? []).some(
    (allowed) => allowed === '*' || allowed === to || allowed === `${room(to)}/*`,
  );
}

function wrongVendors(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ name, imports }) =>
    imports
      .filter(({ from }) => !from.startsWith('.'))
      .map(({ from }) => packageName(from))
      .filter(
        (vendor) =>
          !(vendors[vendor] ?? systemRooms(vendor)).some((start) => name.startsWith(start)),
      )
      .map((vendor) => `${name} → ${vendor}`),
  );
}

/** Node's own modules may be used everywhere, unless the table above says otherwise. */
function systemRooms(vendor: string): readonly string[] {
  return vendor.startsWith('node:') ? [''] : [];
}

function packageName(from: string): string {
  return from.startsWith('node:')
    ? from
    : from
        .split('/')
        .slice(0, from.startsWith('@') ? 2 : 1)
        .join('/');
}

function wrongExtensions(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ name, imports }) =>
    imports
      .filter(({ from }) => from.startsWith('.') && !/\.(ts|json)$/.test(from))
      .map(({ from }) => `${name} → ${from}`),
  );
}

function cycles(files: readonly SourceFile[]): string[] {
  const targets = new Map(files.map((each) => [each.name, links([each]).map(([, to]) => to)]));
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (name: string, trail: readonly string[]): void => {
    const start = trail.indexOf(name);
    if (start >= 0) found.push([...trail.slice(start), name].join(' → '));
    if (start >= 0 || done.has(name)) return;
    for (const next of targets.get(name) ?? []) visit(next, [...trail, name]);
    done.add(name);
  };
  for (const each of files) visit(each.name, []);
  return found;
}

function longFiles(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ lines }) => lines > 300)
    .map(({ name, lines }) => `${name}: ${lines} lines`);
}

function vagueFiles(files: readonly SourceFile[]): string[] {
  return files
    .map(({ name }) => name)
    .filter((name) => name.split('/').some((part) => vagueNames.has(part)));
}

/** The engine's own parser misreads member names, in some versions. */
function ownParsers(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ text }) => text.includes('JSON.parse'))
    .map(({ name }) => name)
    .sort();
}

/** A type needs no importer when its own file says something with it; everything else does, be it a test. */
function unusedExports(files: readonly SourceFile[], readers: readonly SourceFile[]): string[] {
  const used = new Set(
    [...files, ...readers].flatMap(({ imports }) =>
      imports.flatMap(({ file: target, names }) => names.map((name) => `${target}: ${name}`)),
    ),
  );
  return files.flatMap(({ name, exports, text }) =>
    exports
      .filter((each) => !used.has(`${name}: ${each}`) && !used.has(`${name}: *`))
      .filter((each) => !/^[A-Z]/.test(each) || text.split(new RegExp(`\\b${each}\\b`)).length < 3)
      .map((each) => `${name}: ${each}`),
  );
}

/** A file is loaded by an import, or by its name: as a worker, as a child process. */
function unusedFiles(files: readonly SourceFile[]): string[] {
  const imported = new Set(links(files).map(([, to]) => to));
  return files
    .map(({ name }) => name)
    .filter((name) => name !== 'main' && !name.endsWith('.d') && !imported.has(name))
    .filter((name) => !files.some(({ text }) => text.includes(`'./${path.posix.basename(name)}.`)));
}

function links(files: readonly SourceFile[]): [from: string, to: string][] {
  return files.flatMap(({ name, imports }) =>
    imports.flatMap(({ file: target }): [string, string][] =>
      target === undefined ? [] : [[name, target]],
    ),
  );
}

/** A test's imports of `../src/core/a.ts` as the sources would write them: `core/a`. */
function seenFromSource(test: SourceFile): SourceFile {
  return {
    ...test,
    imports: test.imports.map((each) => ({
      ...each,
      file: each.file?.replace(/^(\.\.\/)*src\//, ''),
    })),
  };
}
