import type { GateErrorCode } from '../core/errors.ts';
import type { SyncLevel } from './connection.ts';
import type { Failure } from './failure.ts';
import type { Packed } from './packed.ts';

/** What the main thread hands to the writer thread: one transaction. */
export interface Batch {
  readonly level: SyncLevel;
  readonly packed: Packed;
}

/** What the writer thread says: `ready` first, then one answer to each batch. */
export type Answer =
  | { readonly kind: 'ready' }
  /** Committed, but for the postings that were refused, by their place in the batch. */
  | { readonly kind: 'done'; readonly refused: ReadonlyMap<number, Refused> }
  /** Nothing of the batch is kept. */
  | { readonly kind: 'failed'; readonly failure: Failure | undefined; readonly error: Refused };

/** An error as it crosses threads. */
export interface Refused {
  readonly code: GateErrorCode;
  readonly message: string;
  readonly hint: string | undefined;
}
