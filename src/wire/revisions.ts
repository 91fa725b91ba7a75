/** The revisions of MCP that open with `initialize`, newest first. */
export const legacyRevisions = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'] as const;

/** The revisions in which every request says who speaks, newest first. */
export const modernRevisions = ['2026-07-28'] as const;

/** All that may be asked for, newest first: what an error about a version and `server/discover` list. */
export const supportedVersions: readonly string[] = [...modernRevisions, ...legacyRevisions];

/** Spoken if asked for, never offered. */
const alsoAccepted = '2024-10-07';

const accepted: ReadonlySet<unknown> = new Set<unknown>([...legacyRevisions, alsoAccepted]);

/** What `initialize` answers: the revision that was asked for if it is known, else the newest. */
export function negotiate(requested: unknown): string {
  return typeof requested === 'string' && accepted.has(requested) ? requested : legacyRevisions[0];
}
