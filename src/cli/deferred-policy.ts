import type { ActivePolicy, PolicyChange, PolicySource } from '../policy/contract.ts';

/** A policy source that is still being opened, so that the client's `initialize` need not wait for a compiler. */
export interface DeferredPolicy extends PolicySource {
  /** Resolves once the first policy is in force or has been refused. */
  readonly ready: Promise<void>;
  isReady(): boolean;
}

/** `opening` must not reject: an opened source says itself what it refused. */
export function deferPolicy(opening: Promise<PolicySource>): DeferredPolicy {
  let source: PolicySource | undefined;
  const listeners: ((change: PolicyChange) => void)[] = [];
  const ready = opening.then((opened) => {
    source = opened;
    for (const listener of listeners) opened.onChange(listener);
  });
  return {
    ready,
    isReady: () => source !== undefined,
    current: (): ActivePolicy | undefined => source?.current(),
    rejected: () => source?.rejected() ?? [],
    onChange: (listener) => {
      listeners.push(listener);
      source?.onChange(listener);
    },
    close: async () => {
      await ready;
      await source?.close();
    },
  };
}
