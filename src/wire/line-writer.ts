import type { Writable } from 'node:stream';
import type { RawResponse } from '../core/answer.ts';
import { describe } from '../core/errors.ts';
import type { LineWriter } from './contract.ts';

/** From here on a message is handed to the stream as it is; shorter ones of a tick are joined into one string. */
const largeBytes = 16 * 1024;

/**
 * Writes lines to a stream, whose errors it takes over: `onBroken` is called once, when the far side stops reading before
 * `end`, or leaves more than `unreadBytes` unread. What was not written by then is lost, and so is whatever is written later.
 */
export function createLineWriter(
  stream: Writable,
  onBroken: (reason: string) => void,
  unreadBytes = Number.POSITIVE_INFINITY,
): LineWriter {
  return new StreamLineWriter(stream, onBroken, unreadBytes);
}

class StreamLineWriter implements LineWriter {
  readonly #stream: Writable;
  readonly #onBroken: (reason: string) => void;
  readonly #unreadBytes: number;
  #text = '';
  #scheduled = false;
  #open = true;

  constructor(stream: Writable, onBroken: (reason: string) => void, unreadBytes: number) {
    this.#stream = stream;
    this.#onBroken = onBroken;
    this.#unreadBytes = unreadBytes;
    // The error listener stays for good: a pipe may break again after the end, with nobody left to tell.
    stream.on('error', (error) => this.#break(describe(error)));
    stream.on('close', () => this.#break('stream was closed'));
  }

  get pending(): number {
    return this.#text.length + this.#stream.writableLength;
  }

  write(text: string): void {
    if (!this.#open) return;
    if (text.length >= largeBytes) {
      this.#writeParts([text, '\n']);
      return;
    }
    this.#text += `${text}\n`;
    this.#schedule();
    this.#measure();
  }

  relay(response: RawResponse, idText: string): void {
    const { line, id } = response;
    if (line.length < largeBytes) {
      this.write(line.toString('utf8', 0, id[0]) + idText + line.toString('utf8', id[1]));
      return;
    }
    if (this.#open) {
      this.#writeParts([line.subarray(0, id[0]), idText, line.subarray(id[1]), '\n']);
    }
  }

  end(): void {
    if (!this.#open) return;
    this.#flush();
    this.#open = false;
    this.#stream.end();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    // A next tick runs after all promise callbacks that are due, so what those write leaves in the same write.
    process.nextTick(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    const text = this.#text;
    this.#text = '';
    if (this.#open && text !== '') this.#stream.write(text);
  }

  /** By reference, behind everything that was written before, and in one system call where the stream can. */
  #writeParts(parts: readonly (string | Buffer)[]): void {
    this.#stream.cork();
    this.#flush();
    for (const part of parts) this.#stream.write(part);
    this.#stream.uncork();
    this.#measure();
  }

  #measure(): void {
    if (this.pending <= this.#unreadBytes) return;
    this.#break(`more than ${this.#unreadBytes} bytes were left unread`);
    this.#stream.destroy();
  }

  #break(reason: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.#text = '';
    this.#onBroken(reason);
  }
}
