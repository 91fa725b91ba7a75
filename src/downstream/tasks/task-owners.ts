import type { Later } from '../../core/answer.ts';
import { digestOf } from '../../core/digest.ts';

/** The extension `io.modelcontextprotocol/tasks` (SEP-2663): a server may answer a call with a task that goes on. */
export const tasksExtension = 'io.modelcontextprotocol/tasks';

/** The oldest are forgotten: a task is asked about while it runs. */
const tasksPerScope = 1_000;
const scopesLimit = 1_000;
/** Twice as many as a server may ask at once. */
const questionsPerTask = 40;

export interface TaskOrigin {
  readonly server: string;
  /** What was called, by the server's own name. */
  readonly tool: string;
  /** What its call was decided to make of everything that the server says later; undefined where that goes as it is. */
  readonly later: Later | undefined;
}

interface Owned extends TaskOrigin {
  /** The questions that were let through to its caller, as digests of their keys, which the server makes up. */
  readonly asked: Set<string>;
}

/** Which call of which server made which task for which caller, and what it may be told: nobody reaches another's task. */
export class TaskOwners {
  /** Both in the order of their last new task. */
  readonly #scopes = new Map<string, Map<string, Owned>>();

  /** False when another server has made a task by this id for the same caller. */
  add(scope: string, taskId: string, origin: TaskOrigin): boolean {
    const tasks = this.#scopes.get(scope) ?? new Map<string, Owned>();
    const known = tasks.get(taskId);
    if (known !== undefined && known.server !== origin.server) return false;
    tasks.delete(taskId);
    // Another call may be answered with the same task: what the first one had to hide stays hidden.
    const later = origin.later ?? known?.later;
    tasks.set(taskId, { ...origin, later, asked: known?.asked ?? new Set() });
    this.#scopes.delete(scope);
    this.#scopes.set(scope, tasks);
    forgetOldest(tasks, tasksPerScope);
    forgetOldest(this.#scopes, scopesLimit);
    return true;
  }

  originOf(scope: string, taskId: string): TaskOrigin | undefined {
    return this.#owned(scope, taskId);
  }

  /** The caller is going to see these questions. */
  ask(scope: string, taskId: string, keys: readonly string[]): void {
    const asked = this.#owned(scope, taskId)?.asked;
    if (asked === undefined) return;
    for (const key of keys.map(digestOf)) {
      asked.delete(key);
      asked.add(key);
    }
    forgetOldest(asked, questionsPerTask);
  }

  isAsked(scope: string, taskId: string, key: string): boolean {
    return this.#owned(scope, taskId)?.asked.has(digestOf(key)) === true;
  }

  #owned(scope: string, taskId: string): Owned | undefined {
    return this.#scopes.get(scope)?.get(taskId);
  }
}

/** A map or a set in the order of the last use. */
interface Ordered {
  readonly size: number;
  keys(): Iterable<string>;
  delete(key: string): boolean;
}

/** Leaves at most `limit` in it, those that came last. */
export function forgetOldest(ordered: Ordered, limit: number): void {
  for (const oldest of ordered.keys()) {
    if (ordered.size <= limit) return;
    ordered.delete(oldest);
  }
}
