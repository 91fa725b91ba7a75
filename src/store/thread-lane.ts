import { GateError } from '../core/errors.ts';
import type { Answer, Refused } from './batch.ts';
import type { Connection, SyncLevel } from './connection.ts';
import { pack } from './packed.ts';
import { isKept } from './posting.ts';
import type { PostingText } from './posting-text.ts';
import type { Delivery } from './transactions.ts';
import type { WriterThread } from './writer-thread.ts';

/** One posting on its way: exactly one of the two is called. */
export interface Posted {
  readonly posting: PostingText;
  resolve(): void;
  reject(error: unknown): void;
}

/** What became of a batch. */
export type Handed =
  | { readonly kind: 'done'; readonly deliveries: readonly Delivery[] }
  /** Nothing of it is kept. */
  | { readonly kind: 'failed'; readonly isBusy: boolean; readonly error: GateError };

/** Fewer are committed sooner, and for less, by the thread that has them. */
const worthHanding = 8;

/** UTF-16 units of one batch: with more the thread might run out of memory. */
const maxText = 4 << 20;

/** The way of postings through the writer thread. */
export class ThreadLane {
  readonly #thread: WriterThread;
  /** The store's own: when the thread has died, it shows what the thread had committed. */
  readonly #connection: Connection;

  constructor(thread: WriterThread, connection: Connection) {
    this.#thread = thread;
    this.#connection = connection;
  }

  /** Whether the thread should have these, and can take them now. */
  takes(posted: readonly Posted[]): boolean {
    if (posted.length < worthHanding) return false;
    const text = posted.reduce((sum, { posting }) => sum + textLength(posting), 0);
    return text <= maxText && this.#thread.isReady();
  }

  /** Only what it takes. Calls `done` in a later turn. */
  hand(level: SyncLevel, posted: readonly Posted[], done: (handed: Handed) => void): void {
    const packed = pack(posted.map(({ posting }) => posting));
    this.#thread.write({ level, packed }, (answer) => done(this.#became(posted, answer)));
  }

  end(): Promise<void> {
    return this.#thread.end();
  }

  #became(posted: readonly Posted[], answer: Answer | undefined): Handed {
    if (answer?.kind === 'done') {
      const { refused } = answer;
      return {
        kind: 'done',
        deliveries: posted.map((each, at) => delivery(each, refused.get(at))),
      };
    }
    if (answer?.kind === 'failed') {
      return { kind: 'failed', isBusy: answer.failure === 'busy', error: errorOf(answer.error) };
    }
    return { kind: 'done', deliveries: posted.map((each) => this.#found(each)) };
  }

  #found({ posting, resolve, reject }: Posted): Delivery {
    try {
      if (isKept(this.#connection, posting)) return resolve;
    } catch (error) {
      return () => reject(error);
    }
    return () => reject(new GateError('store_unavailable', 'the writer thread has died'));
  }
}

function delivery({ resolve, reject }: Posted, refused: Refused | undefined): Delivery {
  return refused === undefined ? resolve : () => reject(errorOf(refused));
}

function errorOf({ code, message, hint }: Refused): GateError {
  return new GateError(code, message, hint === undefined ? {} : { hint });
}

function textLength({ pieces, texts }: PostingText): number {
  return lengthOf(pieces) + lengthOf(texts);
}

function lengthOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + text.length, 0);
}
