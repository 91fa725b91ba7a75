/** The bounds of connections to remote servers; what counts messages and answers is in `limits.ts`, as for processes. */
export const httpBounds = {
  connectMs: 10_000,
  /** Many servers answer with the result only, so the head comes as late as a tool is slow. */
  headersMs: 1_800_000,
  /** For messages that are answered at once, without a result. */
  noteMs: 30_000,
  headerBytes: 64 * 1024,
  /** Sockets of one session for requests that are waited for: a call may take long. */
  callSockets: 56,
  /** Sockets for the rest, so that no number of waiting calls keeps a cancellation or an answer from leaving. */
  messageSockets: 8,
  /** How long an answered request's stream may stay open. */
  lingerMs: 5_000,
  /** What a server may ask for as the pause before a reconnection. */
  shortestRetryMs: 20,
  longestRetryMs: 600_000,
  /** The pause when it asks for none. */
  retryMs: 1_000,
  /** Reconnections in a row that bring nothing new. */
  fruitlessRetries: 8,
  /** Connections in a row that cannot be made, before the server counts as gone. */
  unreachable: 3,
} as const;
