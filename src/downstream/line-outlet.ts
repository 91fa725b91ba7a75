import type { Reply, RpcError } from '../core/answer.ts';
import type { JsonObject } from '../core/json.ts';
import type { FarMessage } from '../core/related.ts';
import type { LineWriter, RequestId } from '../wire/contract.ts';
import type { Outlet } from './contract.ts';

/** A stream to the client that carries everything: one JSON text for each message. */
export class LineOutlet implements Outlet {
  readonly #writer: LineWriter;

  constructor(writer: LineWriter) {
    this.#writer = writer;
  }

  get pending(): number {
    return this.#writer.pending;
  }

  reply(id: RequestId, reply: Reply): void {
    const idText = JSON.stringify(id);
    switch (reply.kind) {
      case 'relayed':
        this.#writer.relay(reply.response, idText);
        break;
      case 'text':
        this.#writer.write(`{"jsonrpc":"2.0","id":${idText},"result":${reply.text}}`);
        break;
      case 'made':
        this.#writer.write(JSON.stringify({ jsonrpc: '2.0', id, result: reply.result }));
        break;
      case 'refused':
        this.refuse(id, reply.error);
    }
  }

  refuse(id: RequestId | null, error: RpcError): void {
    this.#writer.write(JSON.stringify({ jsonrpc: '2.0', id, error: { ...error } }));
  }

  notify({ method, params, extras }: FarMessage): void {
    const message: JsonObject = { ...extras, jsonrpc: '2.0', method, params };
    this.#writer.write(JSON.stringify(message));
  }

  request(text: string): void {
    this.#writer.write(text);
  }
}
