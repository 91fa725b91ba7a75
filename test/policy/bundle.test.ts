import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { packFiles } from '../../src/cli/archive.ts';
import { GateError } from '../../src/core/errors.ts';
import { readPolicyBundle } from '../../src/policy/bundle.ts';
import { readArchive } from '../../src/policy/bundle-archive.ts';
import { createCompiler } from '../../src/policy/compiler.ts';
import { openPolicySource } from '../../src/policy/reload.ts';
import { readPolicyFolder } from '../../src/policy/source-files.ts';
import { callInput } from './call-input.ts';
import { makeFolder } from './policy-folder.ts';

const compiler = createCompiler();
afterAll(() => compiler.close());

const entrypoints = ['gate/decision', 'gate/visible'];
const manifest = {
  revision: 'v7',
  roots: [''],
  wasm: entrypoints.map((entrypoint) => ({ entrypoint, module: '/policy.wasm' })),
};

type Files = Readonly<Record<string, string | Buffer>>;

function pack(files: Files): Buffer {
  return packFiles(Object.entries(files).map(([name, bytes]) => [name, Buffer.from(bytes)]));
}

function bundleFile(files: Files): string {
  const file = path.join(makeFolder(), 'bundle.tar.gz');
  writeFileSync(file, pack(files));
  return file;
}

const minimal: Files = {
  '/.manifest': JSON.stringify(manifest),
  '/data.json': '{"a":1}',
  '/rules/x.rego': 'package gate.rules.x\n',
  '/policy.wasm': 'wasm',
};

describe('a bundle', () => {
  test('gives its module, its data and its revision', async () => {
    const content = await readPolicyBundle(bundleFile(minimal));
    expect(content).toMatchObject({
      revision: 'v7',
      sources: { modules: { 'rules/x.rego': 'package gate.rules.x\n' }, data: { a: 1 } },
    });
    expect(Buffer.from(content.wasm ?? []).toString()).toBe('wasm');
  });

  test('is known by its content, not by its archive', async () => {
    const { digest } = await readPolicyBundle(bundleFile(minimal));
    const turned = Object.fromEntries(Object.entries(minimal).reverse());
    const relative = Object.fromEntries(
      Object.entries(minimal).map(([name, bytes]) => [`.${name}`, bytes]),
    );
    expect((await readPolicyBundle(bundleFile(turned))).digest).toBe(digest);
    expect((await readPolicyBundle(bundleFile(relative))).digest).toBe(digest);
    const other = { ...minimal, '/policy.wasm': 'wasn' };
    expect((await readPolicyBundle(bundleFile(other))).digest).not.toBe(digest);
  });

  test('decides through the same door, without the compiler', async () => {
    const { sources } = await readPolicyFolder(undefined);
    const { wasm } = await compiler.build(sources, entrypoints);
    const file = bundleFile({
      ...minimal,
      '/data.json': JSON.stringify(sources.data),
      '/policy.wasm': Buffer.from(wasm),
    });
    const source = await openPolicySource({
      origin: { kind: 'bundle', path: file },
      compiler: unusable(),
      gateVersion: '0',
      watch: false,
    });
    onTestFinished(() => source.close());
    expect(source.rejected()).toEqual([]);
    const active = source.current();
    expect(active?.version).toMatchObject({ revision: 'v7', engine: { regoc: null } });
    const decision = await active?.decide(JSON.stringify(callInput('frobnicate', {})));
    expect(decision?.outcome).toBe('escalate');
  });
});

describe('a bundle that is refused', () => {
  const rows: readonly [claim: string, files: Files, message: string][] = [
    [
      'has no decision',
      {
        ...minimal,
        '/.manifest': JSON.stringify({
          wasm: [{ entrypoint: 'example/allow', module: '/policy.wasm' }],
        }),
      },
      'policy bundle has no entry point "gate/decision"',
    ],
    [
      'cannot say what is visible',
      { ...minimal, '/.manifest': JSON.stringify({ wasm: manifest.wasm.slice(0, 1) }) },
      'policy bundle has no entry point "gate/visible"',
    ],
    ['has no manifest', { '/policy.wasm': 'wasm' }, 'policy bundle has no ".manifest"'],
    [
      'has a manifest that is no JSON',
      { ...minimal, '/.manifest': '{' },
      'policy bundle has a ".manifest" that cannot be read',
    ],
    [
      'has no module',
      { '/.manifest': JSON.stringify(manifest) },
      'policy bundle has no module "policy.wasm"',
    ],
    [
      'is signed, and nobody can check it',
      { ...minimal, '/.signatures.json': '{}' },
      'policy bundle is signed, but this version checks no signatures',
    ],
    [
      'leads out of itself',
      { ...minimal, '/../x.rego': '' },
      'policy bundle names a file that is none: "../x.rego"',
    ],
  ];
  test.each(rows)('%s', async (_claim, files, message) => {
    await expect(readPolicyBundle(bundleFile(files))).rejects.toMatchObject({
      code: 'policy_invalid',
      message,
    });
  });

  test('names the command that makes the entry points', async () => {
    const files = { ...minimal, '/.manifest': '{}' };
    await expect(readPolicyBundle(bundleFile(files))).rejects.toMatchObject({
      hint: 'build it with "opa build -t wasm -e gate/decision -e gate/visible"',
    });
  });

  test('is missing', async () => {
    const file = path.join(makeFolder(), 'gone.tar.gz');
    await expect(readPolicyBundle(file)).rejects.toMatchObject({ code: 'policy_missing' });
  });
});

describe('an archive that is refused', () => {
  const tar = (change: (bytes: Buffer) => void, files: Files = { a: 'x' }): Buffer => {
    const blocks = Object.entries(files).map(([name, text]) => entry(name, Buffer.from(text)));
    const bytes = Buffer.concat([...blocks, Buffer.alloc(1024)]);
    change(bytes);
    return gzipSync(bytes);
  };
  const rows: readonly [claim: string, bytes: Buffer, message: string][] = [
    ['is no gzip', Buffer.from('x'), 'policy bundle cannot be unpacked: '],
    [
      'has a wrong checksum',
      tar((bytes) => bytes.write('b', 0)),
      'policy bundle has a header with a wrong checksum',
    ],
    [
      'has a link',
      tar((bytes) => seal(bytes, '2')),
      'policy bundle holds more than files and folders',
    ],
    [
      'ends early',
      gzipSync(entry('a', Buffer.alloc(600)).subarray(0, 700)),
      'policy bundle ends in the middle of a file',
    ],
    ['has no end', gzipSync(entry('a', Buffer.from('x'))), 'policy bundle has no end'],
    [
      'has a file twice',
      gzipSync(
        Buffer.concat([
          entry('a', Buffer.from('x')),
          entry('./a', Buffer.from('y')),
          Buffer.alloc(1024),
        ]),
      ),
      'policy bundle holds "a" twice',
    ],
    [
      'has a name with a backslash',
      tar(() => {}, { 'a\\b': 'x' }),
      'policy bundle names a file that is none: "a\\b"',
    ],
    ['unpacks to too much', gzipSync(Buffer.alloc(65 << 20)), 'policy bundle cannot be unpacked: '],
    [
      'holds too many files',
      tar(() => {}, Object.fromEntries(Array.from({ length: 1001 }, (_, at) => [`f${at}`, '']))),
      'policy bundle holds more than 1000 files',
    ],
  ];
  test.each(rows)('%s', (_claim, bytes, message) => {
    expect.assertions(2);
    try {
      readArchive(bytes);
    } catch (error) {
      if (!(error instanceof GateError)) throw error;
      expect(error.code).toBe('policy_invalid');
      expect(error.message.startsWith(message)).toBe(true);
    }
  });

  test('is none that has folders and headers of other kinds in it', () => {
    const bytes = Buffer.concat([entry('./', Buffer.alloc(0)), entry('a', Buffer.from('x'))]);
    seal(bytes, '5');
    const files = readArchive(gzipSync(Buffer.concat([bytes, Buffer.alloc(1024)])));
    expect([...files].map(([name, text]) => [name, text.toString()])).toEqual([['a', 'x']]);
  });
});

/** One file as a tar block, made by hand so that it can be broken by hand. */
function entry(name: string, bytes: Buffer): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('ustar\x0000', 257);
  seal(header, '0');
  return Buffer.concat([header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

/** Sets the type of the first entry, and the checksum that goes with it. */
function seal(bytes: Buffer, type: string): void {
  bytes.write(type, 156);
  bytes.write(' '.repeat(8), 148);
  const sum = bytes.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
}

/** A compiler that fails the test when it is asked for anything. */
function unusable() {
  const refuse = () => Promise.reject(new Error('the compiler was asked'));
  const { digest } = compiler;
  return {
    digest,
    check: refuse,
    build: refuse,
    fmt: refuse,
    test: refuse,
    eval: refuse,
    close: () => Promise.resolve(),
  };
}
