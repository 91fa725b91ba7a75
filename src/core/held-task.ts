import type { Held } from './held.ts';
import type { JsonObject } from './json.ts';
import type { Lifetime } from './lifetime.ts';

/**
 * How a caller stands to tasks. `offered`: its call may be answered with one. `running`: the call is that of a task that
 * was made, so what comes of it is kept, for its caller asks for it later.
 */
export type AsTask = 'offered' | 'running';

/** A call that waits for a person while its caller holds a task: the request as it came, to be decided when it goes on. */
export interface HeldTask {
  readonly id: string;
  /** Of the call: everything that the task leads to stands in its trace. */
  readonly traceId: string;
  readonly params: JsonObject;
  readonly extras: JsonObject | undefined;
  readonly createdMs: number;
  readonly state: TaskState;
}

export type TaskState =
  /** Nobody has decided, and there is time left. */
  | { readonly kind: 'waiting'; readonly approvalId: string; readonly expiresMs: number }
  /** Something has come of the wait: the call is to be decided again, and goes on with this. */
  | { readonly kind: 'due'; readonly held: Held; readonly expiresMs: number }
  /** It is on its way, in this process or another, and there is no outcome yet. */
  | { readonly kind: 'sent'; readonly expiresMs: number }
  | { readonly kind: 'over'; readonly end: TaskEnd; readonly expiresMs: number };

/** How a task ended. It is told as often as it is asked for while it is kept. */
export interface TaskEnd {
  readonly status: 'completed' | 'failed' | 'cancelled';
  readonly message: string | undefined;
  /** JSON text of the result or of the error; undefined for a task that was cancelled. */
  readonly value: Buffer | undefined;
  readonly endedMs: number;
}

/** Whose tasks these are. Whoever did not prove who it is has none but its own session's. */
export type TaskScope = string;

/**
 * The tasks of calls that wait for a person. They outlive the process: everything is in the store, encrypted, and an id is
 * nothing but a random name for it. Reading never writes; the promises resolve once it is durable.
 * `keptMs` is how long the end of a task is told.
 */
export interface HeldTasks {
  readonly keptMs: number;
  /** Whether a task of this kind could have such an id. */
  isId(id: string): boolean;
  /** Undefined when this caller has too many, or when it cannot be kept: then there is no task. */
  open(scope: TaskScope, opening: TaskOpening): Promise<HeldTask | undefined>;
  /** Undefined for an id that nobody made, and for one that was made for somebody else. */
  find(scope: TaskScope, id: string): HeldTask | undefined;
  /** Resolves when the wait of a task may be over, or at the end of the lifetime; at once for one that does not wait. */
  moved(task: HeldTask, lifetime: Lifetime): Promise<void>;
  /**
   * The call of this task is about to be decided again; false when somebody else does that, or it is over. Written before
   * anything is sent: a process that dies behind it leaves no call that is sent twice.
   */
  take(scope: TaskScope, task: HeldTask): Promise<boolean>;
  /** The call waits again, perhaps for another approval than before; false when the task has gone on elsewhere meanwhile. */
  adopt(scope: TaskScope, task: HeldTask, held: Held): Promise<boolean>;
  /** The first end counts; resolves with that. */
  end(scope: TaskScope, task: HeldTask, end: Omit<TaskEnd, 'endedMs'>): Promise<TaskEnd>;
  /** The end was told: an identical call is a new one from now on, and is not given this result. */
  told(scope: TaskScope, task: HeldTask): Promise<void>;
  /** Takes the question back that the task waits for, and ends the task; without effect once the call was sent. */
  cancel(scope: TaskScope, task: HeldTask): Promise<void>;
}

export interface TaskOpening {
  readonly traceId: string;
  readonly params: JsonObject;
  readonly extras: JsonObject | undefined;
  readonly held: Held;
}
