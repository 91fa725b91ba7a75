/** What a policy may be made of; more is refused before it is read into memory. */
export const maxPolicyFiles = 1000;
export const maxPolicyBytes = 4 << 20;
export const maxPolicyDepth = 16;

/** A `bundle.tar.gz`: as it is on disk, and unpacked. */
export const maxBundleBytes = 16 << 20;
export const maxUnpackedBytes = 64 << 20;

/** Compiled policies that the cache keeps. */
export const maxCachedPolicies = 32;

/** WebAssembly memory of one evaluation, in pages of 64 KiB; it never frees, so this ends one that piles things up. */
export const defaultMemoryPages = 256;

/** An evaluation that made the memory grow by more than this many pages costs the instance. */
export const outlierPages = 64;

/** What one evaluation may take in a worker, and what starting one may take. */
export const defaultTimeLimitMs = 250;
export const workerStartLimitMs = 10_000;

export const defaultPollMs = 300;
export const gitLimitMs = 2000;
