import { randomFillSync } from 'node:crypto';

const ok = 0;
const badFile = 8;
const longestNapMs = 10;

/** What a run that wrote more than it may ends with. */
export const outputTooLarge = 254;

/** Thrown through the wasm to end a run. */
export class Exit extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

/** The state of one run. Every address comes from the wasm; typed arrays refuse those outside its memory. */
export class WasiHost {
  memory = new WebAssembly.Memory({ initial: 0 });
  readonly #stdin: Uint8Array;
  readonly #chunks: { readonly fd: number; readonly bytes: Uint8Array }[] = [];
  #consumed = 0;
  #room: number;

  constructor(stdin: Uint8Array, maxOutputBytes: number) {
    this.#stdin = stdin;
    this.#room = maxOutputBytes;
  }

  output(fd: number): Uint8Array {
    return Buffer.concat(this.#chunks.filter((chunk) => chunk.fd === fd).map(({ bytes }) => bytes));
  }

  /** No arguments and no environment: a count of 0 in 0 bytes. */
  storeSizes(count: number, size: number): number {
    this.#view().setUint32(count, 0, true);
    this.#view().setUint32(size, 0, true);
    return ok;
  }

  storeTime(at: number, nanoseconds: bigint): number {
    this.#view().setBigUint64(at, nanoseconds, true);
    return ok;
  }

  storeRandom(at: number, length: number): number {
    randomFillSync(this.#bytes(at, length));
    return ok;
  }

  storeFileStatus(fd: number, at: number): number {
    if (fd > 2) return badFile;
    const characterDevice = 2;
    this.#bytes(at, 24).fill(0);
    this.#view().setUint8(at, characterDevice);
    return this.storeTime(at + 8, 0xffff_ffff_ffff_ffffn);
  }

  read(fd: number, list: number, count: number, at: number): number {
    if (fd !== 0) return badFile;
    const before = this.#consumed;
    for (const buffer of this.#buffers(list, count)) {
      const part = this.#stdin.subarray(this.#consumed, this.#consumed + buffer.length);
      buffer.set(part);
      this.#consumed += part.length;
    }
    this.#view().setUint32(at, this.#consumed - before, true);
    return ok;
  }

  write(fd: number, list: number, count: number, at: number): number {
    if (fd !== 1 && fd !== 2) return badFile;
    let written = 0;
    for (const buffer of this.#buffers(list, count)) {
      this.#room -= buffer.length;
      if (this.#room < 0) throw new Exit(outputTooLarge);
      this.#chunks.push({ fd, bytes: buffer.slice() });
      written += buffer.length;
    }
    this.#view().setUint32(at, written, true);
    return ok;
  }

  /** There is nothing to wait for but time: naps for as long as every subscription allows and reports all as ready. */
  poll(from: number, to: number, count: number, at: number): number {
    const view = this.#view();
    let napMs = longestNapMs;
    for (let index = 0; index < count; index += 1) {
      const subscription = from + 48 * index;
      const event = to + 32 * index;
      const userData = view.getBigUint64(subscription, true);
      const kind = view.getUint8(subscription + 8);
      napMs = Math.min(napMs, dueMs(view, subscription, kind));
      this.#bytes(event, 32).fill(0);
      view.setBigUint64(event, userData, true);
      view.setUint8(event + 10, kind);
    }
    view.setUint32(at, count, true);
    if (napMs > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, napMs);
    return ok;
  }

  *#buffers(list: number, count: number): Generator<Uint8Array> {
    const view = this.#view();
    for (let index = 0; index < count; index += 1) {
      const entry = list + 8 * index;
      yield this.#bytes(view.getUint32(entry, true), view.getUint32(entry + 4, true));
    }
  }

  #bytes(at: number, length: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, at >>> 0, length >>> 0);
  }

  #view(): DataView {
    return new DataView(this.memory.buffer);
  }
}

/** Milliseconds until a subscription is due; 0 for anything but a relative clock. */
function dueMs(view: DataView, subscription: number, kind: number): number {
  const isRelativeClock = kind === 0 && (view.getUint16(subscription + 40, true) & 1) === 0;
  return isRelativeClock ? Number(view.getBigUint64(subscription + 24, true)) / 1e6 : 0;
}
