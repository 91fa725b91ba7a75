/** A task keeps a whole request in the store: nobody fills it with questions that nobody answers. */
const tasksPerScope = 1_000;
const tasksLimit = 10_000;

/**
 * The tasks of this process that are not over. Where there is no room the call waits in another way, and nothing is lost;
 * a task that has no end yet when its approval expires takes none any more. Those of an earlier process are not counted.
 */
export class TaskRoom {
  readonly #perScope: number;
  readonly #limit: number;
  /** By scope, the ids and when each gives its place back. */
  readonly #scopes = new Map<string, Map<string, number>>();
  #taken = 0;

  constructor(perScope = tasksPerScope, limit = tasksLimit) {
    this.#perScope = perScope;
    this.#limit = limit;
  }

  take(scope: string, id: string, nowMs: number, untilMs: number): boolean {
    if (this.#taken >= this.#limit)
      for (const each of [...this.#scopes.keys()]) this.#drop(each, nowMs);
    if ((this.#scopes.get(scope)?.size ?? 0) >= this.#perScope) this.#drop(scope, nowMs);
    const tasks = this.#scopes.get(scope) ?? new Map<string, number>();
    if (tasks.size >= this.#perScope || this.#taken >= this.#limit) return false;
    this.#scopes.set(scope, tasks.set(id, untilMs));
    this.#taken += 1;
    return true;
  }

  leave(scope: string, id: string): void {
    const tasks = this.#scopes.get(scope);
    if (tasks?.delete(id) !== true) return;
    this.#taken -= 1;
    if (tasks.size === 0) this.#scopes.delete(scope);
  }

  #drop(scope: string, nowMs: number): void {
    for (const [id, untilMs] of [...(this.#scopes.get(scope) ?? [])]) {
      if (untilMs <= nowMs) this.leave(scope, id);
    }
  }
}
