import { Worker } from 'node:worker_threads';
import type { Answer, Batch } from './batch.ts';
import type { FileIdentity } from './folder.ts';

// The unit tests load this file as TypeScript, which Node 20 cannot start: they use the built thread.
const builtThread = import.meta.url.endsWith('.ts')
  ? new URL('../../dist/store/writer-worker.js', import.meta.url)
  : new URL('./writer-worker.js', import.meta.url);

/** The file that the main thread has open: the thread writes to no other. */
export interface WriterFile {
  readonly path: string;
  readonly identity: FileIdentity | undefined;
}

/** Undefined: the thread died, and what became of the batch is not known. */
type Done = (answer: Answer | undefined) => void;

const firstRestMs = 1_000;
const longestRestMs = 60_000;
const endLimitMs = 2_000;

/**
 * The thread that commits batches, started when first wanted and again after a death, with ever longer rests in between.
 * It takes one batch at a time. It keeps the process alive only while it has one.
 */
export class WriterThread {
  readonly #file: WriterFile;
  readonly #thread: URL;
  #worker: Worker | undefined;
  #isReady = false;
  #isEnded = false;
  #done: Done | undefined;
  #restMs = firstRestMs;
  #notBefore = 0;

  constructor(file: WriterFile, thread = builtThread) {
    this.#file = file;
    this.#thread = thread;
  }

  /** Whether it takes a batch now. Starts it, in the background, when it is not there. */
  isReady(): boolean {
    if (this.#worker === undefined && !this.#isEnded && performance.now() >= this.#notBefore) {
      this.#start();
    }
    return this.#isReady && this.#done === undefined;
  }

  /** Only when it is ready. Calls `done` exactly once. */
  write(batch: Batch, done: Done): void {
    this.#done = done;
    this.#worker?.ref();
    this.#worker?.postMessage(batch);
  }

  /** Resolves when it is gone and its connection is closed. Nobody may be waiting for a batch. */
  async end(): Promise<void> {
    this.#isEnded = true;
    const worker = this.#worker;
    if (worker === undefined) return;
    const gone = new Promise((resolve) => worker.once('exit', resolve));
    worker.ref();
    if (this.#isReady) worker.postMessage('end');
    else void worker.terminate();
    const timer = setTimeout(() => void worker.terminate(), endLimitMs);
    await gone;
    clearTimeout(timer);
  }

  #start(): void {
    const worker = new Worker(this.#thread, {
      workerData: this.#file,
      env: {},
      execArgv: [],
      // stdout of the gate is the protocol
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 8 },
    });
    this.#worker = worker;
    worker.unref();
    worker.on('message', (answer: Answer) => this.#receive(answer));
    // What it died of comes as `exit`, too, and by then its connection is closed.
    worker.on('error', () => {});
    worker.on('exit', () => this.#died());
  }

  #receive(answer: Answer): void {
    if (answer.kind === 'ready') {
      this.#isReady = true;
      return;
    }
    this.#restMs = firstRestMs;
    this.#worker?.unref();
    this.#settle(answer);
  }

  #died(): void {
    this.#worker = undefined;
    this.#isReady = false;
    this.#notBefore = performance.now() + this.#restMs;
    this.#restMs = Math.min(this.#restMs * 2, longestRestMs);
    this.#settle(undefined);
  }

  #settle(answer: Answer | undefined): void {
    const done = this.#done;
    this.#done = undefined;
    done?.(answer);
  }
}
