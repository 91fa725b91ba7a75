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
  readonly workspace: string | undefined;
  readonly journal: JournalConfig;
}

export interface ServerConfig {
  readonly command: string;
  readonly args: readonly string[];
  /** The configured variables, secrets among them: for the child process alone, never for a message. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly gate: ServerSettings;
}

/** What an entry of `mcpServers` says under `gate`; undefined inherits the global value. */
export interface ServerSettings {
  readonly prefix: boolean;
  readonly protocol: 'auto' | 'legacy';
  readonly schema: 'enforce' | 'report';
  readonly trusted: boolean;
  readonly mode: Mode | undefined;
  readonly approval: ApprovalMode | undefined;
  /** By the server's own tool name. */
  readonly tools: ReadonlyMap<string, ToolSettings>;
}

export interface ToolSettings {
  readonly approval: ApprovalMode | undefined;
  readonly costPerCallUsd: string | undefined;
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
  readonly hold: HoldConfig;
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
