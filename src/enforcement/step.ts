import type { Claim, KeyUse, Reservation } from '../control/contract.ts';
import type { JsonObject } from '../core/json.ts';
import type { ToolCall } from '../core/tool-call.ts';
import type { Prior } from '../journal/prior-run.ts';
import type { ApprovalRow } from '../store/approval-contract.ts';
import type { GrantRow } from '../store/grant-contract.ts';
import type { Rewritten, Ruling } from './decide.ts';

/** What the record says is to be done. */
export type Step =
  | { readonly kind: 'forwarded'; readonly claimed: Claimed }
  | { readonly kind: 'denied'; readonly ruling: Ruling }
  | { readonly kind: 'held'; readonly approval: ApprovalRow }
  | {
      readonly kind: 'rewritten';
      readonly call: ToolCall;
      readonly settled: readonly string[];
      readonly rewritten: Rewritten;
    }
  | (Handed & { readonly kind: 'handed' })
  /** Nothing was written: the call is to be decided again, without an approval and with what is known of a prior run. */
  | { readonly kind: 'again'; readonly prior: Prior | null }
  /** Nothing was written: the call is to be decided again, resting on a standing grant. */
  | { readonly kind: 'granted'; readonly grant: GrantRow }
  /** Nothing was written: the same call is on its way, and its end is waited for. */
  | { readonly kind: 'joined'; readonly key: KeyUse };

/** What a call that goes on has taken for itself; its outcome gives back or settles all of it. */
export interface Claimed {
  readonly approval: ApprovalRow | undefined;
  readonly claim: Claim | undefined;
  readonly reservation: Reservation | undefined;
  /** The key under which its result may be handed out again. */
  readonly reuse: string | undefined;
}

export const nothingClaimed: Claimed = {
  approval: undefined,
  claim: undefined,
  reservation: undefined,
  reuse: undefined,
};

/** A result that comes from no server, or came from it before: nothing runs. */
export interface Handed {
  readonly how: 'simulated' | 'reused' | 'repeated' | 'fetched';
  /** The decision whose result it is; undefined for one that was made. */
  readonly of: string | undefined;
  /** It is the result of a call whose arguments a person had changed. */
  readonly ofEdited?: boolean;
  readonly part: 'result' | 'error';
  readonly value: JsonObject;
  /** The value as it was kept, or as it was made. */
  readonly bytes: Buffer;
  /** What was changed of it now, and what was found in it. */
  readonly adapted: readonly string[];
  readonly classes: readonly string[];
  /** Why nothing of it may be seen. */
  readonly reason: string | undefined;
}

/** Rolls the transaction back: what was decided rests on something that does not hold. */
export class Unwritten extends Error {
  readonly step: Step;

  constructor(step: Step) {
    super('nothing was written');
    this.step = step;
  }
}
