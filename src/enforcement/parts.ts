import type { ApprovalDesk } from '../approval/contract.ts';
import type { Claims, Spending } from '../control/contract.ts';
import type { Recorder } from '../journal/recorder.ts';
import type { Tx } from '../store/contract.ts';

/** What the record of a call is written with. */
export interface RecordParts {
  readonly instance: string;
  readonly gateKey: string;
  readonly recorder: Recorder;
  readonly desk: ApprovalDesk;
  readonly kept: KeptResults;
  readonly spending: Spending;
  readonly claims: Claims;
  /** How long the input document is kept; undefined when it is not. */
  readonly retentionMs: () => number | undefined;
  /** Tells the operator what could not be recorded; gets no arguments and no results. */
  readonly warn: (message: string, cause: unknown) => void;
}

/** Results of approved calls whose caller had gone: each is handed out once, to an identical call. */
export interface KeptResults {
  keep(tx: Tx, approvalId: string, bytes: Buffer, nowMs: number): void;
  take(tx: Tx, callKey: string, nowMs: number): Buffer | undefined;
}
