/** Every bound of this room, with its default; a test hands in smaller ones. */
export interface UpstreamLimits {
  /** How long a server that may be of either era is asked for the modern one, before it is asked for the legacy one. */
  readonly probeMs: number;
  /** How long it may take to acknowledge that it will tell of changes. */
  readonly acknowledgeMs: number;
  /** Resources that the news of one session may be about. */
  readonly subscribedUris: number;
  /** How long one listing (all its pages) may take. */
  readonly listMs: number;
  /** The shortest pause between two listings of one server; it doubles while changes keep coming. */
  readonly relistPauseMs: number;
  /** What the pause grows to while changes keep coming. */
  readonly relistLongestPauseMs: number;
  /** After this long without a listing the pause is the shortest again. */
  readonly relistQuietMs: number;
  /** When tools are listed again because their pins could not be read. */
  readonly pinRetryMs: number;
  /** When they are listed again because more of them were new or changed than may be recorded. */
  readonly pinWithheldMs: number;
  readonly listItems: number;
  /** Each has a pin, a name to compare and a schema to keep. */
  readonly listTools: number;
  readonly listPages: number;
  /** Bytes of all pages of one listing together. */
  readonly listBytes: number;
  /** How long a cancelled request is kept for an answer that comes all the same. */
  readonly lateAnswerMs: number;
  /** One message of a server. */
  readonly messageBytes: number;
  /** One line of a server's stderr; the rest of a longer one is dropped. */
  readonly stderrLineBytes: number;
  /** What may wait in front of a server that does not read. */
  readonly unreadBytes: number;
  /** Messages within a minute that nobody can use, before the server counts as broken. */
  readonly faultsPerMinute: number;
  /** Requests of one server to the client that wait at the same time. */
  readonly serverRequests: number;
  /** Of those, the ones that are handed on at the same time. */
  readonly requestsInFlight: number;
  readonly requestsPerSecond: number;
  /** What a server may ask at once after a pause. */
  readonly requestBurst: number;
  /** After the end of stdin, before SIGTERM. */
  readonly closeMs: number;
  /** After SIGTERM, before SIGKILL. */
  readonly terminateMs: number;
  /** Milliseconds before restart number `attempt` (from 1). */
  readonly backoffMs: (attempt: number) => number;
  /** A session that lived this long starts the back-off anew. */
  readonly healthyMs: number;
}

const mebibyte = 1024 * 1024;

export const defaultLimits: UpstreamLimits = {
  probeMs: 5_000,
  acknowledgeMs: 10_000,
  subscribedUris: 1_000,
  listMs: 30_000,
  relistPauseMs: 100,
  relistLongestPauseMs: 30_000,
  relistQuietMs: 60_000,
  pinRetryMs: 5_000,
  pinWithheldMs: 600_000,
  listItems: 10_000,
  listTools: 1_000,
  listPages: 100,
  listBytes: 8 * mebibyte,
  lateAnswerMs: 30_000,
  messageBytes: 64 * mebibyte,
  stderrLineBytes: 8 * 1024,
  unreadBytes: 64 * mebibyte,
  faultsPerMinute: 1_000,
  serverRequests: 256,
  requestsInFlight: 20,
  requestsPerSecond: 50,
  requestBurst: 100,
  closeMs: 1_000,
  terminateMs: 2_000,
  backoffMs: jitteredBackoff,
  healthyMs: 60_000,
};

/** 1 s, 2 s, 4 s … 60 s, each by a random share of up to a fifth shorter, so that many gates do not restart in step. */
function jitteredBackoff(attempt: number): number {
  const delay = Math.min(60_000, 1_000 * 2 ** Math.min(attempt - 1, 6));
  return delay * (1 - Math.random() / 5);
}
