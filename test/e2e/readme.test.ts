import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type ParseError, parse } from 'jsonc-parser';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { obligationsSupported } from '../../src/enforcement/obligations/read-obligations.ts';
import { inputSchema } from '../../src/policy/input.ts';
import { type Block, readBlocks } from '../harness/markdown.ts';
import { messageOf, pick } from '../harness/message.ts';
import { root, type Scratch, scratch } from '../harness/scratch.ts';
import { runShell } from '../harness/shell.ts';

/**
 * The README is executed. A shell block whose fence says `run` (```sh run) runs in a folder that holds the example
 * config and the shipped policies, with `mcp-gate` and `npx mcp-gate` being this build. A block whose first line is a
 * comment with a file name (`# policies/rules/mine.rego`, `// mcp-config.json`) is written there first. Blocks share
 * the folder in the order of the page.
 */
const page = readPage('README.md');
const blocks = readBlocks(page);
const named = (block: Block): string => `line ${block.line}: ${block.text.split('\n')[0]}`;
const of = (...languages: readonly string[]): readonly (readonly [string, Block])[] =>
  blocks
    .filter(({ language }) => languages.includes(language))
    .map((block) => [named(block), block]);

it('has a README with commands, configuration and rules in it', () => {
  expect(of('sh', 'bash').length).toBeGreaterThan(0);
  expect(of('json', 'jsonc').length).toBeGreaterThan(0);
  expect(of('rego').length).toBeGreaterThan(0);
});

describe('every JSON block parses', () => {
  it.each(of('json'))('%s', (_name, { text }) => {
    expect(() => JSON.parse(text)).not.toThrow();
  });
  it.each(of('jsonc'))('%s', (_name, { text }) => {
    const errors: ParseError[] = [];
    parse(text, errors, { allowTrailingComma: false });
    expect(errors).toEqual([]);
  });
});

describe('every piece of the config loads', () => {
  const pieces = of('jsonc', 'json').filter(([, { text }]) => isConfig(text));
  it('has some', () => expect(pieces.length).toBeGreaterThan(5));
  it.each(pieces)('%s', async (_name, { text }) => {
    const house = await scratch();
    house.writeConfigText(JSON.stringify({ mcpServers: {}, ...parse(text) }));
    const env = { HOME: house.dir };
    expect(() => loadConfig(house.configFile, { env, servers: 'expand' })).not.toThrow();
  });
});

describe('what policy sees', () => {
  it('is a whole input document', () => {
    const shown = blocks.find(({ text }) => text.includes('"mcp_gate"'));
    expect(inputSchema.safeParse(parse(shown?.text ?? '')).error?.issues ?? []).toEqual([]);
  });
  it.each(obligationsSupported)('the table has the obligation "%s"', (type) => {
    expect(page).toContain(`| \`{type: "${type}"`);
    expect(page).toContain(`"${type}"`);
  });
});

describe('every link leads somewhere', () => {
  const pages = ['README.md', 'OUTCOMES.md', 'SECURITY.md'];
  const links = pages.flatMap((from) =>
    [...readPage(from).matchAll(/\]\(((?:[\w.]+\.md)?(?:#[\w-]+)?)\)/g)].map(
      ([, link = '']): [string, string] => [from, link],
    ),
  );
  it('has some', () => expect(links.length).toBeGreaterThan(20));
  it.each(links)('of %s: %s', (from, link) => {
    const [to = '', anchor] = link.split('#');
    const target = readPage(to === '' ? from : to);
    if (anchor !== undefined) expect(anchorsOf(target)).toContain(anchor);
  });
});

describe('every rego block passes check and test beside the shipped policies', () => {
  it('all together', async () => {
    const house = await scratch();
    for (const [at, [, block]] of of('rego').entries()) {
      writeFileSync(
        path.join(house.policies, 'rules', fileName(block) ?? `readme-${at}.rego`),
        block.text,
      );
    }
    for (const command of ['check', 'test']) {
      const done = await house.cli(['policy', command, house.policies]);
      expect(done.code, `${done.stdout}${done.stderr}`).toBe(0);
    }
  });
});

describe('every shell block that says so runs', () => {
  it('in the order of the page', async () => {
    const house = await scratch();
    const folder = prepareFolder(house);
    for (const block of blocks) {
      const name = namedFile(block);
      if (name !== undefined) {
        mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
        writeFileSync(path.join(folder, name), block.text);
      }
      if (!block.words.includes('run')) continue;
      const done = await runShell(house, folder, block.text);
      expect(done.code, `${named(block)}\n${done.output}`).toBe(0);
    }
  });
});

function readPage(name: string): string {
  return readFileSync(path.join(root, name), 'utf8');
}

/** As GitHub makes them: small letters, hyphens for spaces, nothing else but letters and digits. */
function anchorsOf(text: string): readonly string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );
}

/** What a client keeps about the gate has one server called `gate`, or calls the list by another name. */
function isConfig(text: string): boolean {
  const value: unknown = parse(text);
  const members = Object.keys(messageOf(value));
  const known = ['mcpServers', 'mode', 'workspace', 'transport'];
  return (
    members.some((name) => known.includes(name)) && pick(value, 'mcpServers.gate') === undefined
  );
}

/** The last part of the file name in a block's first line. */
function fileName(block: Block): string | undefined {
  const name = namedFile(block);
  return name === undefined ? undefined : path.basename(name);
}

function namedFile({ text, language }: Block): string | undefined {
  if (!['rego', 'json', 'jsonc'].includes(language)) return undefined;
  return /^(?:#|\/\/)\s+([\w./-]+\.\w+)\s*$/.exec(text.split('\n')[0] ?? '')?.[1];
}

function prepareFolder(house: Scratch): string {
  const folder = path.join(house.dir, 'readme');
  mkdirSync(folder);
  cpSync(path.join(root, 'policies'), path.join(folder, 'policies'), { recursive: true });
  cpSync(path.join(root, 'mcp-config.example.json'), path.join(folder, 'mcp-config.example.json'));
  return folder;
}
