import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import { beforeAll, expect, test } from 'vitest';
import { regocFolder } from '../../src/policy/regoc-assets.ts';
import { outOfTime, runWasi } from '../../src/policy/wasi.ts';
import { outputTooLarge } from '../../src/policy/wasi-host.ts';

let module: WebAssembly.Module;
beforeAll(() => {
  const compressed = readFileSync(new URL('regoc.wasm.br', regocFolder));
  module = new WebAssembly.Module(brotliDecompressSync(compressed));
});

test.each([
  [
    'an answer within the limits',
    { maxOutputBytes: 1_000, timeoutMs: 20_000 },
    0,
    /"ok":false.*unknown operation/,
  ],
  ['an answer that is too long', { maxOutputBytes: 10, timeoutMs: 20_000 }, outputTooLarge, /^$/],
  ['a run that is too long', { maxOutputBytes: 1_000, timeoutMs: 0 }, outOfTime, /^$/],
])('%s', (_, limits, exitCode, stdout) => {
  const run = runWasi(module, Buffer.from('{"op":"nothing"}'), limits);
  expect(run.exitCode).toBe(exitCode);
  expect(Buffer.from(run.stdout).toString()).toMatch(stdout);
});
