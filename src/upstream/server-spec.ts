/** How one tool server is reached and named; everything in it comes from the operator's config. */
export type ServerSpec = ProcessSpec | RemoteSpec;

/** As `status` names it. */
export function transportOf(spec: ServerSpec): 'stdio' | RemoteSpec['transport'] {
  return spec.kind === 'process' ? 'stdio' : spec.transport;
}

interface CommonSpec {
  /** `[A-Za-z0-9-]+`, unique. */
  readonly key: string;
  /** False: its tools and prompts keep their names. */
  readonly prefix: boolean;
  /** What it speaks; `auto` tries the client's era first and remembers what worked. */
  readonly protocol: 'auto' | 'legacy' | 'modern';
  /** How long it may take to answer `initialize` or `server/discover`. */
  readonly initTimeoutMs: number;
}

export interface ProcessSpec extends CommonSpec, ServerCommand {
  readonly kind: 'process';
}

export interface ServerCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** Set beside the allow-listed part of the gate's own environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

export interface RemoteSpec extends CommonSpec {
  readonly kind: 'remote';
  /** `http:` or `https:`. */
  readonly url: string;
  /** `http` is Streamable HTTP; `sse` the HTTP+SSE of 2024-11-05. */
  readonly transport: 'http' | 'sse';
  /** Secrets among them: for this server alone, never for a message. */
  readonly headers: Readonly<Record<string, string>>;
  /** OAuth tokens of remote servers are kept here, readable by the user alone. */
  readonly tokenDir: string;
  readonly oauth: OauthSpec | undefined;
}

/** What the operator registered for the gate as an OAuth client; undefined members are found out or made. */
export interface OauthSpec {
  readonly clientId: string | undefined;
  readonly clientSecret: string | undefined;
  /** The only authorization server that may be asked, whatever the tool server names. */
  readonly issuer: string | undefined;
  readonly scopes: readonly string[];
}
