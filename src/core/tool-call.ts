import type { Action, ResourceType } from './action.ts';
import type { ClientUser } from './client-user.ts';
import type { Rounds } from './held.ts';
import type { AsTask } from './held-task.ts';
import type { Json, JsonObject } from './json.ts';
import type { Lifetime } from './lifetime.ts';
import type { HearProgress, Related } from './related.ts';

/**
 * One request that must be decided, as parsed from the wire: everything in it is the caller's word.
 * `arguments` is the object that policy sees; `argumentsText` is its serialisation, and exactly these bytes are
 * forwarded, hashed and bound by an approval.
 */
export interface ToolCall {
  readonly action: Action;
  readonly resourceType: ResourceType;
  /** The key in `mcpServers` of the server that would serve it, or that asks (for requests to the client). */
  readonly server: string;
  /** The name that the server itself uses: a tool, a resource URI, a prompt; for the client, the method. */
  readonly name: string;
  readonly arguments: JsonObject;
  readonly argumentsText: string;
  /** How the request is put on the wire again, without `arguments`. */
  readonly request: ForwardedRequest;
  /** W3C trace id: the caller's, or a fresh one. */
  readonly traceId: string;
  readonly claims: Claims;
  /** What is known of the tool now, for it may change while a call waits; undefined for everything that is no tool. */
  tool(): ToolFacts | undefined;
  /**
   * Another tool that a call may be sent to instead, by its server and the server's own name for it; undefined when there
   * is none that can be called, and for every request that is no client's tool call.
   */
  sibling(server: string, name: string): (() => ToolFacts | undefined) | undefined;
}

/** A tool as its server describes it: untrusted, but pinned. */
export interface ToolFacts {
  readonly annotations: JsonObject;
  /** Digest of the definition as the server gave it. */
  readonly pin: string;
  readonly pinState: 'pinned' | 'changed' | 'unknown';
  /** What is wrong with these arguments by the tool's `inputSchema`; undefined when nothing is. */
  fault(args: JsonObject): string | undefined;
  /** What it says that its structured results look like; undefined when it says nothing. */
  readonly output: OutputSchema | undefined;
}

/** A tool's `outputSchema`: a stranger's, like the results that are held against it. */
export interface OutputSchema {
  readonly schema: JsonObject;
  /** What is wrong with a structured result; undefined when nothing is. A schema that cannot be used finds fault with all. */
  fault(value: Json): string | undefined;
}

/** A request but for its id, its arguments and its progress token, which belong to one hop. */
export interface ForwardedRequest {
  readonly method: string;
  /** The members of `params` beside `_meta` and, on a tool call, `arguments`; undefined when there were no params. */
  readonly fields: JsonObject | undefined;
  /** `params._meta` without the progress token and without `dev.mcp-gate/` keys; undefined when there was none. */
  readonly meta: JsonObject | undefined;
  /** The text of `params.arguments`; undefined when the request has none. */
  readonly argumentsText: string | undefined;
  /** Members of the message beside those that JSON-RPC names. */
  readonly extras: JsonObject | undefined;
}

/** What the request said under `dev.mcp-gate/` in its `_meta`; claims, never proof. */
export interface Claims {
  readonly model: JsonObject | undefined;
  readonly idempotencyKey: string | undefined;
}

/** The party whose request it is, as the face to it knows it. */
export interface Caller {
  readonly session: Session;
  readonly identity: Identity;
  /** Ends when the caller cancels or is gone: from then on nothing may start on its behalf. */
  readonly lifetime: Lifetime;
  /** Tells the caller that work goes on; absent when it gave no progress token. */
  readonly progress: ((message: string) => void) | undefined;
  /** Relays a progress notification of the far side; absent when no progress token was given. */
  readonly relayProgress: HearProgress | undefined;
  /** Takes what the far side asks and tells while it works on the call. */
  readonly related: Related | undefined;
  /** Absent where nobody can be asked before the answer goes out. */
  readonly user?: ClientUser;
  /** Absent where a request that waits for a person cannot be taken up by another. */
  readonly rounds?: Rounds;
  /** Absent where the call and a task have nothing to do with each other. */
  readonly asTask?: AsTask;
}

/** One client session: counters and labels live as long as it does. Owned by the face, counted by the gate. */
export interface Session {
  readonly id: string;
  readonly startedMs: number;
  /** Self-reported by the client, so never a security input. */
  readonly client: { readonly name: string; readonly version: string };
  calls: number;
  denials: number;
  /** What kinds of data its results have brought: once read, a thing stays read. */
  readonly labels: Set<string>;
}

/** Who calls, as established by the face: by the operating system on stdio, by a token over HTTP. */
export interface Identity {
  readonly type: string;
  readonly id: string | null;
  readonly source: 'os' | 'upstream' | 'token' | 'oidc' | 'anonymous';
  readonly verified: boolean;
  /** Callers with one scope may join each other's approvals. */
  readonly scope: string;
  /** What an issuer vouches for beside it. */
  readonly claims?: IdentityClaims;
}

export interface IdentityClaims {
  readonly issuer: string;
  readonly groups: readonly string[];
  readonly roles: readonly string[];
  readonly tenant: string | null;
  readonly department: string | null;
  readonly region: string | null;
}
