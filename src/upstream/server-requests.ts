import type { Answer } from '../core/answer.ts';
import { Lifetime } from '../core/lifetime.ts';
import type { LineWriter, RequestId } from '../wire/contract.ts';

/** What a server has asked the client and got no answer to yet. Each id is answered at most once. */
export class ServerRequests {
  readonly #writer: LineWriter;
  readonly #lifetimes = new Map<string, Lifetime>();

  constructor(writer: LineWriter) {
    this.#writer = writer;
  }

  get size(): number {
    return this.#lifetimes.size;
  }

  has(id: RequestId): boolean {
    return this.#lifetimes.has(JSON.stringify(id));
  }

  /** The request's lifetime, and the way to answer it; an answer after its end is dropped, as MCP asks for. */
  begin(id: RequestId): { readonly lifetime: Lifetime; readonly reply: (answer: Answer) => void } {
    const idText = JSON.stringify(id);
    const lifetime = new Lifetime();
    this.#lifetimes.set(idText, lifetime);
    const reply = (answer: Answer): void => {
      if (this.#lifetimes.get(idText) !== lifetime) return;
      this.#lifetimes.delete(idText);
      this.write(idText, answer);
    };
    return { lifetime, reply };
  }

  cancel(id: RequestId, reason: string): void {
    const idText = JSON.stringify(id);
    const lifetime = this.#lifetimes.get(idText);
    this.#lifetimes.delete(idText);
    lifetime?.end(reason);
  }

  endAll(reason: string): void {
    const lifetimes = [...this.#lifetimes.values()];
    this.#lifetimes.clear();
    for (const lifetime of lifetimes) lifetime.end(reason);
  }

  write(idText: string, answer: Answer): void {
    switch (answer.kind) {
      case 'relayed':
        this.#writer.relay(answer.response, idText);
        break;
      case 'made':
        this.#writer.write(
          `{"jsonrpc":"2.0","id":${idText},"result":${JSON.stringify(answer.result)}}`,
        );
        break;
      case 'refused':
        this.#writer.write(
          `{"jsonrpc":"2.0","id":${idText},"error":${JSON.stringify(answer.error)}}`,
        );
        break;
    }
  }
}
