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

/**
 * Steps of one evaluation, rounds of loops and calls as `meter.ts` counts them: about 0.1 s. A decision of the starter set
 * takes 17,000 to 40,000, and 400,000 when an argument has 64 KiB. Replay rests on these numbers: as long as they stand, an
 * evaluation that ended still ends.
 */
export const maxSteps = 25_000_000;
/** So few that no `lightLength` more of text, whatever is in it, brings the same evaluation to `maxSteps`. */
export const lightSteps = 100_000;
/**
 * UTF-16 units of an input. Names that somebody made up so that a table has all of them in one place cost every look into
 * it: with 4,096 of them a look takes up to 70 times its steps.
 */
export const lightLength = 4096;
/** What a call of the host costs: it takes as long as that many rounds of a small loop. */
export const hostCallSteps = 1000;

/** Steps of starting an instance and reading its data, of which a bundle may have much. */
export const maxLoadSteps = 1_000_000_000;

/** What one evaluation may take in a worker, and what starting one may take. */
export const defaultTimeLimitMs = 250;
export const workerStartLimitMs = 10_000;

export const defaultPollMs = 300;
export const gitLimitMs = 2000;
