/**
 * The two ways of speaking MCP: `legacy` opens a session with `initialize` (2024-11-05 to 2025-11-25), `modern` says in
 * every request who speaks which revision (2026-07-28).
 */
export type Era = 'legacy' | 'modern';
