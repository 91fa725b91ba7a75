// The process that runs the compiler, so that a runaway policy can be killed and its memory given back. It is forked with
// the folder of the compiler, its SHA-256, the idle time and the time limit of a request.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import { isObject } from '../core/json.ts';
import { runWasi } from './wasi.ts';

const maxWasmBytes = 128 << 20;
const maxOutputBytes = 64 << 20;
const [folder = '', digest = '', idleMs = '', timeoutMs = ''] = process.argv.slice(2);

let compiled: WebAssembly.Module | undefined;
let idle = setTimeout(leave, Number(idleMs));

process.on('disconnect', leave);
process.on('message', (message) => {
  clearTimeout(idle);
  process.send?.(reply(message));
  idle = setTimeout(leave, Number(idleMs));
});

function leave(): void {
  process.exit(0);
}

function reply(message: unknown): {
  readonly id: unknown;
  readonly answer?: string;
  readonly error?: string;
} {
  const { id, request } = isObject(message) ? message : {};
  try {
    return { id, answer: answer(String(request)) };
  } catch (thrown) {
    return { id, error: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

function answer(request: string): string {
  compiled ??= load();
  const limits = { maxOutputBytes, timeoutMs: Number(timeoutMs) };
  const run = runWasi(compiled, Buffer.from(request), limits);
  if (run.exitCode !== 0) {
    const [firstLine = ''] = Buffer.from(run.stderr).toString().split('\n');
    throw new Error(`policy compiler ended with code ${run.exitCode}: ${firstLine}`);
  }
  return Buffer.from(run.stdout).toString();
}

/** Nothing is compiled before its digest is known to be the expected one. */
function load(): WebAssembly.Module {
  const file = new URL('regoc.wasm.br', folder);
  const wasm = brotliDecompressSync(readFileSync(file), { maxOutputLength: maxWasmBytes });
  const found = createHash('sha256').update(wasm).digest('hex');
  if (found !== digest) {
    throw new Error(
      `"regoc.wasm" is not the expected compiler: expected sha256 ${digest}, got ${found}`,
    );
  }
  return new WebAssembly.Module(wasm);
}
