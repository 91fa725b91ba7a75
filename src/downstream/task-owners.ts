/** The extension `io.modelcontextprotocol/tasks` (SEP-2663): a server may answer a call with a task that goes on. */
export const tasksExtension = 'io.modelcontextprotocol/tasks';

/** The oldest are forgotten: a task is asked about while it runs. */
const tasksPerScope = 1_000;
const scopesLimit = 1_000;

/** Which server made which task for which caller: nobody reaches the task of another. */
export class TaskOwners {
  /** Both in the order of their last new task. */
  readonly #scopes = new Map<string, Map<string, string>>();

  /** False when another server has made a task by this id for the same caller. */
  add(scope: string, taskId: string, server: string): boolean {
    const tasks = this.#scopes.get(scope) ?? new Map<string, string>();
    const owner = tasks.get(taskId);
    if (owner !== undefined && owner !== server) return false;
    tasks.delete(taskId);
    tasks.set(taskId, server);
    this.#scopes.delete(scope);
    this.#scopes.set(scope, tasks);
    forgetOldest(tasks, tasksPerScope);
    forgetOldest(this.#scopes, scopesLimit);
    return true;
  }

  serverOf(scope: string, taskId: string): string | undefined {
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
