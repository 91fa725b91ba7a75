/** The extension `io.modelcontextprotocol/tasks` (SEP-2663): a server may answer a call with a task that goes on. */
export const tasksExtension = 'io.modelcontextprotocol/tasks';

/** The oldest are forgotten: a task is asked about while it runs. */
const tasksPerScope = 1_000;
const scopesLimit = 1_000;

export interface TaskOrigin {
  readonly server: string;
  /** What was called, by the server's own name. */
  readonly tool: string;
}

/** Which call of which server made which task for which caller: nobody reaches the task of another. */
export class TaskOwners {
  /** Both in the order of their last new task. */
  readonly #scopes = new Map<string, Map<string, TaskOrigin>>();

  /** False when another server has made a task by this id for the same caller. */
  add(scope: string, taskId: string, origin: TaskOrigin): boolean {
    const tasks = this.#scopes.get(scope) ?? new Map<string, TaskOrigin>();
    const known = tasks.get(taskId);
    if (known !== undefined && known.server !== origin.server) return false;
    tasks.delete(taskId);
    tasks.set(taskId, origin);
    this.#scopes.delete(scope);
    this.#scopes.set(scope, tasks);
    forgetOldest(tasks, tasksPerScope);
    forgetOldest(this.#scopes, scopesLimit);
    return true;
  }

  originOf(scope: string, taskId: string): TaskOrigin | undefined {
    return this.#scopes.get(scope)?.get(taskId);
  }
}

/** Leaves at most `limit` in the map, those that came last. */
export function forgetOldest(map: Map<string, unknown>, limit: number): void {
  for (const oldest of map.keys()) {
    if (map.size <= limit) return;
    map.delete(oldest);
  }
}
