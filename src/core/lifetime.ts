/**
 * How long somebody waits for an answer: ended once, with a reason, by a cancellation or a lost connection.
 * It stands in for an AbortController, which costs several microseconds a message.
 */
export class Lifetime {
  /** The outermost of those that it stands inside of: whoever gave that one knows the request by it. */
  readonly root: Lifetime;
  #ended: string | undefined;
  #listeners: (() => void)[] = [];

  /** One inside of another ends by itself as well; whoever makes it ends it with the other. */
  constructor(outer?: Lifetime) {
    this.root = outer?.root ?? this;
  }

  /** Why it ended; `undefined` while the caller still waits. */
  get ended(): string | undefined {
    return this.#ended;
  }

  end(reason: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener();
  }

  /** Runs `listener` when it ends, at once if it has; the returned function takes it off again. */
  onEnd(listener: () => void): () => void {
    if (this.#ended !== undefined) {
      listener();
      return () => {};
    }
    this.#listeners.push(listener);
    return () => {
      const at = this.#listeners.indexOf(listener);
      if (at !== -1) this.#listeners.splice(at, 1);
    };
  }
}
