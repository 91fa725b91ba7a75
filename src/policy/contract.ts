import type { BundleRow } from '../store/contract.ts';
import type { PolicyFault } from './compiler.ts';
import type { Decision } from './decision.ts';
import type { PolicyInput } from './input.ts';

/** Which policy decided: `digest` names its content, `revision` where it came from (a git commit, a manifest, or null). */
export interface PolicyVersion {
  readonly id: string;
  readonly revision: string | null;
  readonly digest: string;
  readonly engine: PolicyEngineVersion;
}

export interface PolicyEngineVersion {
  readonly gate: string;
  readonly regoc: string | null;
  readonly opa_wasm: string;
  readonly memory_pages: number;
}

/**
 * One loaded policy. `decide` takes the input document as JSON text that the gate itself serialised, and with the document
 * that the text is of may answer what it answered before to one that looks the same to the policy. It answers within
 * bounded steps: a runaway evaluation ends with `policy_engine`, on every machine alike, or in a worker perhaps with
 * `policy_timeout`. Anything but a well-formed decision
 * throws `policy_engine`; the caller denies.
 */
export interface ActivePolicy {
  readonly version: PolicyVersion;
  decide(inputText: string, input?: PolicyInput): Decision | Promise<Decision>;
  /** Whether a list may show this item; errors hide it. */
  visible(inputText: string): boolean | Promise<boolean>;
  close(): Promise<void>;
}

/** The policy in force and why a newer one is not. */
export interface PolicySource {
  /** Undefined when no good policy was ever loaded: the gate then denies everything. */
  current(): ActivePolicy | undefined;
  /** Faults of the newest sources that were refused; empty when they are in force. */
  rejected(): readonly PolicyFault[];
  /** Called after every swap and every refusal. */
  onChange(listener: (change: PolicyChange) => void): void;
  close(): Promise<void>;
}

export type PolicyChange =
  | { readonly kind: 'activated'; readonly version: PolicyVersion; readonly bundle: BundleRow }
  | { readonly kind: 'rejected'; readonly faults: readonly PolicyFault[] };
