import { Exit, WasiHost } from './wasi-host.ts';

const ok = 0;
const badFile = 8;
const notSupported = 52;
const realtime = 0;

/** What a run that went on for too long ends with. */
export const outOfTime = 253;

/** Time is looked at when the wasm asks for it, which Go does often; only killing the process is certain. */
export interface WasiLimits {
  readonly maxOutputBytes: number;
  readonly timeoutMs: number;
}

export interface WasiRun {
  readonly exitCode: number;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

/**
 * Runs a wasip1 command once: `stdin` in, stdout and stderr out, both in memory. It gets no files, no network, no
 * environment and no arguments; a call for any of these fails. Throws what the wasm throws, so a trap or an exhausted
 * stack is an exception of the engine. A module may run many times, each run has its own memory.
 */
export function runWasi(
  module: WebAssembly.Module,
  stdin: Uint8Array,
  limits: WasiLimits,
): WasiRun {
  const host = new WasiHost(stdin, limits.maxOutputBytes);
  const instance = new WebAssembly.Instance(module, {
    wasi_snapshot_preview1: importsFor(module, host, performance.now() + limits.timeoutMs),
  });
  const { memory, _start: start } = instance.exports;
  if (!(memory instanceof WebAssembly.Memory) || typeof start !== 'function') {
    throw new TypeError('wasm module is no wasip1 command');
  }
  host.memory = memory;
  return { exitCode: exitCodeOf(start), stdout: host.output(1), stderr: host.output(2) };
}

function exitCodeOf(start: CallableFunction): number {
  try {
    start();
    return 0;
  } catch (thrown) {
    if (thrown instanceof Exit) return thrown.code;
    throw thrown;
  }
}

type HostCall = (...values: never[]) => number;

function importsFor(
  module: WebAssembly.Module,
  host: WasiHost,
  deadline: number,
): Record<string, HostCall> {
  const calls = hostCalls(host, deadline);
  return Object.fromEntries(
    WebAssembly.Module.imports(module).map(({ name }) => [name, calls.get(name) ?? refuse]),
  );
}

function refuse(): number {
  return notSupported;
}

/** The calls that Go makes; their parameters are those of wasi_snapshot_preview1. */
function hostCalls(host: WasiHost, deadline: number): ReadonlyMap<string, HostCall> {
  return new Map<string, HostCall>([
    ['args_get', () => ok],
    ['args_sizes_get', (count: number, size: number) => host.storeSizes(count, size)],
    ['environ_get', () => ok],
    ['environ_sizes_get', (count: number, size: number) => host.storeSizes(count, size)],
    [
      'clock_time_get',
      (id: number, _: bigint, at: number) => host.storeTime(at, now(id, deadline)),
    ],
    ['clock_res_get', (_: number, at: number) => host.storeTime(at, 1_000n)],
    ['random_get', (at: number, length: number) => host.storeRandom(at, length)],
    ['fd_read', host.read.bind(host)],
    ['fd_write', host.write.bind(host)],
    ['fd_fdstat_get', (fd: number, at: number) => host.storeFileStatus(fd, at)],
    ['fd_prestat_get', () => badFile],
    ['fd_prestat_dir_name', () => badFile],
    ['poll_oneoff', host.poll.bind(host)],
    ['sched_yield', () => ok],
    [
      'proc_exit',
      (code: number) => {
        throw new Exit(code);
      },
    ],
  ]);
}

function now(clock: number, deadline: number): bigint {
  if (performance.now() > deadline) throw new Exit(outOfTime);
  return clock === realtime
    ? BigInt(Date.now()) * 1_000_000n
    : BigInt(Math.round(performance.now() * 1e6));
}
