import type { Answer, RpcError } from '../core/answer.ts';
import type { JsonObject } from '../core/json.ts';
import type { IncomingNotification, LineWriter, RequestId } from '../wire/contract.ts';

/** What goes back for one request, the text of a result included. */
export type Reply = Answer | { readonly kind: 'text'; readonly text: string };

/** JSON-RPC towards the client: one line for each message. */
export class ClientOutput {
  readonly #writer: LineWriter;

  constructor(writer: LineWriter) {
    this.#writer = writer;
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

  /** `id` is null where the request could not be told. */
  refuse(id: RequestId | null, error: RpcError): void {
    this.#writer.write(JSON.stringify({ jsonrpc: '2.0', id, error: { ...error } }));
  }

  notify({ method, params, extras }: Omit<IncomingNotification, 'kind'>): void {
    const message: JsonObject = { ...extras, jsonrpc: '2.0', method, params };
    this.#writer.write(JSON.stringify(message));
  }
}
