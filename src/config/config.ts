import type { Budget, Tariff } from '../core/budget.ts';

export const modes = ['observe', 'enforce'] as const;
export type Mode = (typeof modes)[number];

export const approvalModes = ['auto_execute', 'require_human_approval', 'simulation_only'] as const;
export type ApprovalMode = (typeof approvalModes)[number];

/** One config file as read at one moment: variables expanded, paths absolute, durations in milliseconds. */
export interface Config {
  /** Absolute path of the file; relative paths in it were resolved against its folder. */
  readonly file: string;
  /** Names this gate in the store, for pins and instances: a hash of the file's real path. */
  readonly gate: string;
  readonly mode: Mode;
  readonly environment: string;
  readonly stateDir: string;
  /** By key; a server with `disabled: true` is not here. */
  readonly servers: ReadonlyMap<string, ServerConfig>;
  readonly policy: PolicyConfig;
  readonly approvals: ApprovalsConfig;
  readonly identity: IdentityConfig;
  readonly workspace: string | undefined;
  readonly budgets: readonly Budget[];
  readonly idempotency: { readonly expiresInMs: number };
  readonly journal: JournalConfig;
  readonly transport: TransportConfig;
}

export type ServerConfig = ProcessServer | RemoteServer;

export interface ProcessServer {
  readonly kind: 'process';
  readonly command: string;
  readonly args: readonly string[];
  /** The configured variables, secrets among them: for the child process alone, never for a message. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly gate: ServerSettings;
}

export interface RemoteServer {
  readonly kind: 'remote';
  /** `http:` or `https:`, without user and password. */
  readonly url: string;
  /** `http` is Streamable HTTP; `sse` the HTTP+SSE of 2024-11-05. */
  readonly type: 'http' | 'sse';
  /** Secrets among them: for this server alone, never for a message. */
  readonly headers: Readonly<Record<string, string>>;
  readonly oauth: OauthConfig | undefined;
  readonly gate: ServerSettings;
}

/** What the operator registered for the gate as an OAuth client; undefined members are found out or made. */
interface OauthConfig {
  readonly clientId: string | undefined;
  readonly clientSecret: string | undefined;
  /** The authorization server that alone may be asked. */
  readonly issuer: string | undefined;
  readonly scopes: readonly string[];
}

/** What an entry of `mcpServers` says under `gate`; undefined inherits the global value. */
export interface ServerSettings {
  readonly prefix: boolean;
  readonly protocol: 'auto' | 'legacy' | 'modern';
  readonly schema: 'enforce' | 'report';
  readonly trusted: boolean;
  readonly mode: Mode | undefined;
  readonly approval: ApprovalMode | undefined;
  readonly environment: string | undefined;
  readonly cost: Cost;
  /** What kinds of data its results bring into a session; a tool adds to those of its server. */
  readonly labels: readonly string[];
  /** By the server's own tool name. */
  readonly tools: ReadonlyMap<string, ToolSettings>;
}

export interface ToolSettings {
  readonly approval: ApprovalMode | undefined;
  readonly cost: Cost;
  readonly labels: readonly string[];
  readonly idempotency: ToolIdempotency | undefined;
}

/** What calls cost; an absent member of a tool's is its server's. */
export type Cost = Partial<Tariff> & {
  /** The price of a call as it was written. */
  readonly perCallUsd?: string;
};

interface ToolIdempotency {
  /** JSON pointer into the arguments to the key; undefined when only the request's `_meta` names one. */
  readonly pointer: string | undefined;
  readonly expiresInMs: number | undefined;
}

interface PolicyConfig {
  readonly dir: string | undefined;
  readonly bundle: string | undefined;
  readonly isolation: 'inline' | 'worker';
  readonly timeoutMs: number;
  readonly memoryPages: number;
}

interface ApprovalsConfig {
  readonly mode: ApprovalMode;
  readonly expiresInMs: number;
  readonly quorum: number;
  /** A terminal never proves anybody, not even while nobody has a credential. */
  readonly requireCredential: boolean;
  readonly hold: HoldConfig;
  /** Who sends a request again that waits for a person, by the name that the client gives itself; `default` for the rest. */
  readonly rounds: ReadonlyMap<string, boolean>;
  /** What users are asked through their client, by the name that it gives itself; `default` for the rest. */
  readonly elicit: ReadonlyMap<string, readonly ('form' | 'url')[]>;
  /** Where approvers answer in a browser, without a slash at the end; undefined when nobody does. */
  readonly page: { readonly url: string } | undefined;
  /** In which way a client takes a task for an answer, where the table says something else or nothing; named as in `rounds`. */
  readonly tasks: ReadonlyMap<string, 'extension' | '2025-11-25' | 'none'>;
  readonly notify: readonly WebhookConfig[];
}

/** Where a notice of every call that waits is sent, and what it is signed with. */
interface WebhookConfig {
  readonly type: 'webhook';
  readonly url: string;
  readonly secret: string;
}

/** How long a call is held for a person. */
interface HoldConfig {
  readonly defaultMs: number;
  /** By the name that the client gives itself. */
  readonly clientsMs: ReadonlyMap<string, number>;
}

interface JournalConfig {
  readonly capture: 'none' | 'input';
  readonly retentionMs: number;
  readonly durability: 'power' | 'process';
}

/** Whose word about a caller counts, over HTTP. */
interface IdentityConfig {
  /** Without a token nobody comes in, not even from this machine. */
  readonly required: boolean;
  readonly issuers: readonly IssuerConfig[];
}

interface IssuerConfig {
  readonly issuer: string;
  readonly jwksUri: string;
  /** A token must be meant for one of these. */
  readonly audience: readonly string[];
  readonly algorithms: readonly string[];
  /** Where a token says it: the name of a claim, or a JSON pointer into the claims. */
  readonly claims: ClaimNames;
}

interface ClaimNames {
  readonly subject: string;
  readonly groups: string;
  readonly roles: string;
  readonly tenant: string | undefined;
  readonly department: string | undefined;
  readonly region: string | undefined;
}

interface TransportConfig {
  readonly http: HttpConfig;
}

/** How the gate is reached over HTTP; `serve` takes it. */
export interface HttpConfig {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** HTTP+SSE of 2024-11-05 beside it. */
  readonly sse: boolean;
  /** Beside those that `host` and `publicUrl` name. */
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  /** The address that clients use, when it is not the one that is bound. */
  readonly publicUrl: string | undefined;
  /** Files in PEM form. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  readonly limits: HttpLimits;
  /** By the name of the caller; for comparison alone, never for a message. */
  readonly tokens: ReadonlyMap<string, string>;
}

export interface HttpLimits {
  readonly bodyBytes: number;
  readonly connections: number;
  readonly sessions: number;
  readonly sessionsPerCaller: number;
  readonly streamsPerCaller: number;
  readonly requestsPerCaller: number;
  readonly unreadBytes: number;
  readonly unreadsBytes: number;
  readonly sessionIdleMs: number;
  readonly pools: number;
  readonly poolsPerCaller: number;
  readonly poolsReserved: number;
  readonly poolIdleMs: number;
}
