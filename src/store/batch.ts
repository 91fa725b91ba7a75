import type { GateErrorCode } from '../core/errors.ts';
import type { SyncLevel } from './connection.ts';
import type { LedgerId } from './contract.ts';
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
  /** Committed: what became of each posting, in order. */
  | { readonly kind: 'done'; readonly results: readonly Result[] }
  /** Nothing of the batch is kept. */
  | { readonly kind: 'failed'; readonly failure: Failure | undefined; readonly error: Refused };

/** Undefined: the decision that it ends was not in flight. */
export type Result = LedgerId | undefined | Refused;

/** An error as it crosses threads. */
export interface Refused {
  readonly code: GateErrorCode;
  readonly message: string;
  readonly hint: string | undefined;
}
