/** Bounds of the bridge: what a client that never comes back, or a server that never stops asking, may cost. */
export interface BridgeLimits {
  /** A `requestState` is valid for so long, and a call that waits for a client is held no longer. */
  readonly stateTtlMs: number;
  /** Used states that are remembered; when there are more, the oldest of those still out are given up. */
  readonly usedStates: number;
  readonly parkedCalls: number;
  readonly parkedCallsPerScope: number;
  /** Questions in one answer of a server, and questions of one call that wait for its client. */
  readonly questions: number;
  /** How often one request may be sent again because the server asks for more. */
  readonly rounds: number;
  /** One such round, with the time that the client takes to answer. */
  readonly legMs: number;
  /** Between two tries where the server asks for nothing but another try. */
  readonly pauseMs: number;
  /** How long a client may keep what it has read: a copy is neither decided nor recorded when it is used. */
  readonly readTtlMs: number;
}

export const bridgeLimits: BridgeLimits = {
  stateTtlMs: 600_000,
  usedStates: 20_000,
  parkedCalls: 100,
  parkedCallsPerScope: 20,
  questions: 20,
  rounds: 8,
  legMs: 600_000,
  pauseMs: 250,
  readTtlMs: 0,
};
