import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PathRoots, pathFacts } from '../../src/facts/paths.ts';

let root: string;
let ws: string;
beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'paths-')));
  ws = join(root, 'ws');
  for (const folder of ['ws/sub', 'ws-evil', 'state', 'elsewhere/deep']) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  writeFileSync(join(ws, 'plain.txt'), '');
  writeFileSync(join(root, 'config.json'), '');
  symlinkSync(join(root, 'elsewhere'), join(ws, 'out'));
  symlinkSync(join(root, 'elsewhere/not-yet'), join(ws, 'dangling'));
  symlinkSync(join(root, 'elsewhere/deep'), join(ws, 'deep'));
  symlinkSync(join(ws, 'loop-b'), join(ws, 'loop-a'));
  symlinkSync(join(ws, 'loop-a'), join(ws, 'loop-b'));
  symlinkSync(join(root, 'state'), join(ws, 'innocent'));
});
afterAll(() => rmSync(root, { recursive: true }));

const rootsFor = (serverCwd = ws): PathRoots => ({
  workspace: ws,
  serverCwd,
  protectedPaths: [join(root, 'state'), join(root, 'config.json')],
});
const factsOf = (value: string, serverCwd = ws) => pathFacts({ path: value }, rootsFor(serverCwd));

describe('where a path leads', () => {
  it.each<[name: string, given: (ws: string) => string, real: (root: string) => string[]]>([
    ['a file that is there', (w) => `${w}/plain.txt`, (r) => [`${r}/ws/plain.txt`]],
    ['a file that is not', (w) => `${w}/new/a.txt`, (r) => [`${r}/ws/new/a.txt`]],
    ['a relative one', () => 'sub/a.txt', (r) => [`${r}/ws/sub/a.txt`]],
    ['a bare name', () => 'a.txt', (r) => [`${r}/ws/a.txt`]],
    ['.. out of the workspace', (w) => `${w}/../x`, (r) => [`${r}/x`]],
    ['a sibling with the same beginning', (w) => `${w}-evil/x`, (r) => [`${r}/ws-evil/x`]],
    ['a link to a folder', (w) => `${w}/out/x`, (r) => [`${r}/elsewhere/x`]],
    ['a link to nothing yet', (w) => `${w}/dangling`, (r) => [`${r}/elsewhere/not-yet`]],
    [
      '.. behind a link, both ways',
      (w) => `${w}/deep/../x`,
      (r) => [`${r}/ws/x`, `${r}/elsewhere/x`],
    ],
    ['a name of the names that are not there', () => 'no/../sub/../x', (r) => [`${r}/ws/x`]],
    [
      '.. back from what is not there, to a link',
      () => 'no/../deep/../x',
      (r) => [`${r}/ws/x`, `${r}/elsewhere/x`],
    ],
    ['a file URL', (w) => `file://${w}/sub`, (r) => [`${r}/ws/sub`]],
    ['the home folder', () => '~/a', (r) => [`${r}/ws/~/a`, join(realpathSync(homedir()), 'a')]],
    [
      'the value of an option',
      (w) => `--file=${w}/sub`,
      (r) => [`${r}/ws/--file=${r}/ws/sub`, `${r}/ws/sub`],
    ],
    ['a web address that goes up', () => 'ab://../../x', (r) => [`${r}/x`]],
  ])('%s', (_, given, real) => {
    expect(factsOf(given(ws)).paths.map((path) => path.resolved)).toEqual(real(root));
  });

  it('counts both where a relative path may be meant from', () => {
    const resolved = factsOf('a.txt', root).paths.map((path) => path.resolved);
    expect(resolved).toEqual([join(ws, 'a.txt'), join(root, 'a.txt')]);
  });

  it('ends on a loop of links', () => {
    expect(factsOf(join(ws, 'loop-a')).paths).toHaveLength(1);
  });

  it.each([
    ['text of several lines', 'a\n/etc/passwd'],
    ['a web address', 'https://example.org/etc?a=/b,/c'],
    ['nothing', ''],
    ['a NUL', 'a\0b'],
  ])('%s is no path', (_, value) => {
    expect(factsOf(value)).toEqual({ paths: [], protectedAt: undefined });
  });

  it.each([
    ['alternatives', 'and/or'],
    ['a time zone', 'Europe/Berlin'],
    ['a pattern', '**/*.ts'],
  ])('%s is no path where none is asked for', (_, text) => {
    const args = { text, query: [text], source_timezone: text };
    expect(pathFacts(args, rootsFor())).toEqual({ paths: [], protectedAt: undefined });
  });

  it('the name of a member is one when it looks like one, or where paths are named', () => {
    const { paths } = pathFacts(
      { '/etc/x': 1, files: { a: 'b' }, 'c d': { '../y': [] } },
      rootsFor(),
    );
    expect(paths.map(({ pointer, resolved }) => [pointer, resolved])).toEqual([
      ['/~1etc~1x', '/etc/x'],
      ['/files/a', join(ws, 'a')],
      ['/c d/..~1y', join(root, 'y')],
    ]);
  });

  it('says when the gate lives below it', () => {
    const holders = [ws, root, '/', join(root, 'state-2'), '..', 'nowhere'].map((path) =>
      factsOf(path).paths.map(({ holds_gate }) => holds_gate),
    );
    expect(holders).toEqual([[false], [true], [true], [false], [true], [false]]);
  });
});

describe('a string is seen to lead out of the workspace', () => {
  it.each<[name: string, given: string]>([
    ['after a blank', ' /abs'],
    ['in quotation marks', '"/abs"'],
    ['in single ones, after blanks', " '/abs' "],
    ['as the file of a field', '@/abs'],
    ['as a field of a form', 'field=@/abs'],
    ['glued to an option', '-o/abs'],
    ['glued to several options', '-xzf/abs'],
    ['as the value of an option', '--output=/abs'],
    ['as the value of a key', 'a=/abs'],
    ['as the second of a list', 'a,/abs'],
    ['as the second of a list with blanks', 'a, /abs'],
    ['behind a host', 'host:/abs'],
    ['with backslashes', '\\abs'],
    ['with escapes', '%2Fabs'],
    ['with escapes, one of them broken', '%2Fabs/%zz'],
    ['with a line break at its end', '/abs\n'],
    ['as a file URL with escapes', 'file:///%61bs'],
    ['as a file URL with a line break', 'file:///a\nbs'],
    ['as a file URL in quotation marks', '"file:///abs"'],
    ['as a file URL of a tool that cuts off the scheme', 'file:/abs'],
  ])('%s', (_, given) => {
    const { paths } = pathFacts({ Target: given }, rootsFor());
    const out = paths.filter(({ resolved }) => resolved.startsWith('/abs'));
    expect(out.map((fact) => [fact.pointer, fact.given])).toContainEqual(['/Target', given]);
  });
});

describe('what the gate lives on', () => {
  it.each<[name: string, given: (root: string) => string]>([
    ['the state folder', (r) => `${r}/state`],
    ['a file in it', (r) => `${r}/state/gate.db`],
    ['through ..', (r) => `${r}/ws/../state/gate.db`],
    ['through a link', (r) => `${r}/ws/innocent/gate.db`],
    ['the config', (r) => `${r}/config.json`],
    ['as a file URL', (r) => `file://${r}/config.json`],
    ['as the value of an option', (r) => `--out=${r}/state/x`],
    ['as the value of a key, upwards', () => 'a=/../../state/control.json'],
    ['behind a scheme, upwards', () => 'ab://../../state/x'],
    ['a file URL, upwards', () => 'file:/../../state/control.json'],
    ['a file URL of a host', (r) => `file://host${r}/state/control.json`],
    ['a file URL with an escaped slash', (r) => `file://${r}%2Fstate/control.json`],
    ['a file URL that nobody can read', () => 'file:///a%2F..'],
    ['behind a line break, upwards', () => 'x\n/../../state/control.json'],
    ['before a line break', (r) => `${r}/state/control.json\n`],
    ['before a NUL', (r) => `${r}/config.json\0.txt`],
    ['behind very many steps', () => `${'./'.repeat(2100)}../state/control.json`],
    [
      'behind very many steps up',
      () => `${'../'.repeat(30_000)}tmp/../..//`.concat(`..${root}/state`),
    ],
    ['behind a very long name', () => `${'x'.repeat(9000)}/../../state/control.json`],
    ['an option with a line break', () => '--out=x\n/../../state/a'],
    ['through what is not there, to a link', () => 'no/../innocent/x'],
    ['in quotation marks, escaped twice', (r) => `"${r}/%2573tate/x"`],
    ['after a blank', (r) => ` ${r}/config.json`],
    ['glued to an option', (r) => `-o${r}/config.json`],
    ['behind a host', (r) => `host:${r}/config.json`],
    ['with backslashes', () => '..\\state\\control.json'],
    ['the folder of a process, that of the gate', () => '/proc/self/cwd/state/control.json'],
    ['the folder of a thread', () => '/proc/thread-self/root/x'],
    ['the folder of some process', () => '/proc/./4711/cwd'],
    ['an open file of the gate', () => '/dev/fd/7'],
    ['more steps than anybody looks at', (r) => `${r}/${'ws/../'.repeat(300)}ws`],
    [
      'more meanings than anybody looks at',
      () => Array.from({ length: 300 }, (_, at) => `/${at}`).join(),
    ],
  ])('is seen: %s', (_, given) => {
    expect(factsOf(given(root)).protectedAt).toBe('/path');
  });

  it('is seen in the names of members', () => {
    const args = { files: { [`${root}/state/control.json`]: '{}' } };
    const pointer = `/files/${`${root}/state/control.json`.replaceAll('/', '~1')}`;
    expect(pathFacts(args, rootsFor()).protectedAt).toBe(pointer);
    expect(pathFacts({ files: { state: '' } }, rootsFor(root)).protectedAt).toBe('/files/state');
    expect(pathFacts({ changes: { 'config.json': '' } }, rootsFor(root)).protectedAt).toBe(
      '/changes/config.json',
    );
  });

  it('is seen in either spelling of a letter', () => {
    const protectedPaths = [join(root, 'caf\u00e9')];
    const facts = pathFacts({ a: `${root}/cafe\u0301/x` }, { ...rootsFor(), protectedPaths });
    expect(facts.protectedAt).toBe('/a');
  });

  it.each<[name: string, given: (root: string) => string]>([
    ['its neighbour', (r) => `${r}/state-of-the-art`],
    ['the folder above', (r) => r],
    ['a text that names it', (r) => `The state is in ${r}/state/control.json, as ever.`],
    ['a setting in a text', (r) => `state: ${r}/state/control.json`],
    ['lines that name it', (r) => `# where\n\nSTATE=${r}/state\nCONFIG=${r}/config.json\n`],
    ['JSON that names it', (r) => JSON.stringify({ a: [`${r}/state/x`], b: `${r}/config.json` })],
    ['an import of it', () => "import a from '../../state/control.json';\n"],
    ['markup', () => '<tr><td>1</td><td>2</td></tr>'.repeat(140)],
    ['a long text with links', (r) => `see [it](../../state/x), ${r}/state. `.repeat(400)],
    [
      'code with quotation marks, escapes and backslashes',
      () => '\n```js\na = "50%25\\n" + \'\\\\\'\n```\n',
    ],
    ['a form', () => Array.from({ length: 200 }, (_, at) => `a${at}=%20`).join('&')],
    ['a list of numbers', () => Array.from({ length: 900 }, (_, at) => at).join(',')],
  ])('is not: %s', (_, given) => {
    expect(pathFacts({ content: given(root) }, rootsFor()).protectedAt).toBeUndefined();
  });

  it('is not the name of an argument', () => {
    expect(pathFacts({ state: 'open' }, rootsFor(root)).protectedAt).toBeUndefined();
  });

  it('is seen from where the server runs, and deep in the arguments', () => {
    const roots = { workspace: ws, serverCwd: root, protectedPaths: [join(root, 'config.json')] };
    const { protectedAt } = pathFacts({ list: [{ 'a/b': 'config.json' }] }, roots);
    expect(protectedAt).toBe('/list/0/a~1b');
  });

  it('is assumed when there are more strings than anybody looks at', () => {
    const many = Array.from({ length: 3000 }, () => 'a');
    const roots = { workspace: ws, serverCwd: ws, protectedPaths: [] };
    expect(pathFacts({ many }, roots).protectedAt).toBe('/many/2000');
  });

  it.each<[name: string, strings: (at: number) => string]>([
    ['steps', (at) => `sub${'/../sub'.repeat(60)}/${at}`],
    ['looks', (at) => `${at}/a,/b${at},/c${at},/d${at}`],
    ['meanings', (at) => `a=b=c=d${at}`],
  ])('is assumed when there are more %s than anybody takes, and not before', (_, string) => {
    const of = (count: number) => Array.from({ length: count }, (__, at) => string(at));
    expect(pathFacts({ of: of(50) }, rootsFor()).protectedAt).toBeUndefined();
    expect(pathFacts({ of: of(1999) }, rootsFor()).protectedAt).toMatch(/^\/of\/\d+$/);
  });

  it('is not assumed of a call with a thousand words', () => {
    const words = Array.from({ length: 1900 }, (_, at) => `word ${at}`);
    const facts = pathFacts({ words }, rootsFor(root));
    expect(facts).toEqual({ paths: [], protectedAt: undefined });
  });
});

describe('relative paths', () => {
  it('are meant from the folders that the server was started with, too', () => {
    const roots = { ...rootsFor(), serverFolders: [join(root, 'elsewhere'), root] };
    const { paths, protectedAt } = pathFacts({ path: 'a.txt', other: ['state/x'] }, roots);
    expect(paths.map(({ resolved }) => resolved).slice(0, 3)).toEqual([
      join(ws, 'a.txt'),
      join(root, 'elsewhere/a.txt'),
      join(root, 'a.txt'),
    ]);
    expect(protectedAt).toBe('/other/0');
  });
});
