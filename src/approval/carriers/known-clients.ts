/** What is known of how one client waits for a tool, and of how an answer can reach it late. */
export interface KnownClient {
  /** The beginning of the name that it reports. */
  readonly name: string;
  /** When it gives a call up of which it hears nothing; undefined when it never does. */
  readonly limitMs: number | undefined;
  /** Whether progress starts that time anew. */
  readonly progressResets: boolean;
  /** How long a call is held under that limit: the tool needs time of its own after the yes. */
  readonly holdMs: number;
  /** What its user can be asked in the middle of a call. */
  readonly elicits: readonly ('form' | 'url')[];
  /**
   * In which way it takes a task for an answer; undefined when nobody has looked: then what it declares counts. Whoever
   * declares nothing gets none.
   */
  readonly tasks: 'none' | '2025-11-25' | 'extension' | undefined;
  /**
   * Whether it sends a request again that was answered with a `requestState` alone (MCP 2026-07-28); undefined when
   * nobody has looked: then what it declares counts.
   */
  readonly rounds: boolean | undefined;
  /** How this is known, and when it was last so. */
  readonly source: string;
}

const never = { limitMs: undefined, progressResets: false, holdMs: Number.POSITIVE_INFINITY };

/** The names are the clients' own words: a row changes how long a call waits and in which words, never what may run. */
export const knownClients: readonly KnownClient[] = [
  {
    name: 'claude-code',
    limitMs: 300_000,
    progressResets: true,
    holdMs: 280_000,
    elicits: ['form', 'url'],
    tasks: 'none',
    rounds: true,
    source:
      'measured with 2.1.329: progress resets the idle limit, 10 rounds at most; 5 min idle over HTTP and 30 min over stdio: vfarcic/dot-ai#708, third party',
  },
  {
    name: 'visual studio code',
    ...never,
    elicits: ['form', 'url'],
    tasks: '2025-11-25',
    rounds: undefined,
    source: 'source of mcpServerRequestHandler.ts, of no known date: no limit, tasks polled',
  },
  {
    name: 'gemini-cli',
    limitMs: 600_000,
    progressResets: false,
    holdMs: 540_000,
    elicits: [],
    tasks: 'none',
    rounds: false,
    source:
      'source of mcp-client.ts: MCP_DEFAULT_TIMEOUT_MSEC; 0.61.0 was seen to speak 2025-06-18 only',
  },
  {
    name: 'codex',
    limitMs: 300_000,
    progressResets: false,
    holdMs: 280_000,
    elicits: ['form', 'url'],
    tasks: 'none',
    rounds: false,
    source: 'measured with 0.169.0: 300 s, not reset by progress; speaks 2025-06-18 only',
  },
  {
    name: 'claude-ai',
    limitMs: 60_000,
    progressResets: false,
    holdMs: 40_000,
    elicits: [],
    tasks: 'none',
    rounds: undefined,
    source: 'about 60 s and up: anthropics/claude-ai-mcp#115; capabilities: claude-ai-mcp#153',
  },
  {
    name: 'local-agent-mode-',
    limitMs: 60_000,
    progressResets: false,
    holdMs: 40_000,
    elicits: [],
    tasks: 'none',
    rounds: false,
    source:
      '60 s: anthropics/claude-code#22542, #63379 (4 min: #44032); no elicitation: #41110, #96043',
  },
  {
    name: 'cursor',
    limitMs: 60_000,
    progressResets: false,
    holdMs: 40_000,
    elicits: ['form'],
    tasks: undefined,
    rounds: undefined,
    source:
      'its limit is not documented, 60 s is taken for it; elicitation: cursor.com/docs/mcp, which kinds is not said there',
  },
  {
    name: 'opencode',
    limitMs: 60_000,
    progressResets: false,
    holdMs: 40_000,
    elicits: [],
    tasks: 'none',
    rounds: false,
    source: 'measured with 1.18.33: 2025-11-25, roots only; the limit is taken from the SDK',
  },
];

/** Whoever is not in the table waits as briefly as anything built on an SDK does: 60 s. */
export const unknownHoldMs = 40_000;

/** The row of a client by the name that it reports. */
export function knownClient(clientName: string): KnownClient | undefined {
  return longestMatch(clientName, knownClients);
}

/** Of the rows whose name begins this client's name, whatever the case, the one with the longest. */
export function longestMatch<T extends { readonly name: string }>(
  clientName: string,
  table: readonly T[],
): T | undefined {
  const name = clientName.toLowerCase();
  let best: T | undefined;
  for (const row of table) {
    if (!name.startsWith(row.name.toLowerCase())) continue;
    if (best === undefined || row.name.length > best.name.length) best = row;
  }
  return best;
}
