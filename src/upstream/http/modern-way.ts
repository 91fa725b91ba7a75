import type { RawResponse } from '../../core/answer.ts';
import type { JsonObject } from '../../core/json.ts';
import type { ForwardedRequest } from '../../core/tool-call.ts';
import { rpcCode } from '../../wire/rpc-error.ts';
import type { ListKind } from '../contract.ts';
import type { Log } from '../log.ts';
import { CallStreams } from './call-streams.ts';
import type { ResponseHead } from './exchange.ts';
import type { HttpClient } from './http-client.ts';
import type { Way, WayCall } from './http-connection.ts';
import type { Inbox } from './inbox.ts';
import { enveloped, modernHeaders } from './modern-request.ts';
import { refusalReason, settleRefused } from './refusal.ts';
import { rpcErrorIn } from './rpc-error-body.ts';
import { ToolHeaders } from './tool-headers.ts';

export interface ModernOptions {
  readonly server: string;
  readonly client: HttpClient;
  readonly inbox: Inbox;
  /** What requests say of the client where they do not say it themselves. */
  readonly envelope: JsonObject;
  readonly log: Log;
  readonly onChanged: (kinds: readonly ListKind[]) => void;
  /** It is not what it was: it has to be asked anew what it speaks. */
  readonly onLost: (reason: string) => void;
}

const listenMethod = 'subscriptions/listen';

/** Without an error of JSON-RPC these say that the endpoint is no longer what it was. */
const gone: ReadonlySet<number> = new Set([401, 404, 405, 410]);

/** Streamable HTTP of 2026-07-28: every request stands alone, and closing its response cancels it. */
export class ModernWay implements Way {
  readonly era = 'modern';
  readonly isShared = false;
  readonly #options: ModernOptions;
  readonly #calls: CallStreams;
  readonly #tools: ToolHeaders;
  readonly #listens = new Set<number>();

  constructor(options: ModernOptions) {
    this.#options = options;
    const { server, client, inbox, log } = options;
    this.#tools = new ToolHeaders(server, log);
    this.#calls = new CallStreams({
      client,
      inbox,
      // Streams are not continued in this era.
      resumption: () => undefined,
      onRefused: (id, head, body) => this.#refused(id, head, body),
    });
  }

  obstacle(): string | undefined {
    return this.#options.client.isStuffed ? 'too much waits for its answers already' : undefined;
  }

  worded(request: ForwardedRequest): ForwardedRequest {
    return enveloped(request, this.#options.envelope);
  }

  listed({ fields }: ForwardedRequest, page: RawResponse): RawResponse {
    return this.#tools.list(page, fields?.['cursor'] === undefined);
  }

  send(call: WayCall): void {
    const { request, text } = call;
    const params = request.method === 'tools/call' ? this.#tools.of(request) : [];
    const headers = modernHeaders(request.method, request.fields, params);
    // One that stays open takes nothing from those that are waited for.
    const lane = request.method === listenMethod ? 'messages' : 'calls';
    if (lane === 'messages') this.#listens.add(call.id);
    this.#calls.send(call, { method: 'POST', headers, body: text, lane });
  }

  cancel(id: number, reason: string): void {
    const { pending } = this.#options.inbox;
    if (this.#calls.recall(id)) {
      pending.unsent(id, reason);
      return;
    }
    // Nothing more comes over a closed stream, so nobody needs to wait for a late answer.
    this.#calls.abort(id);
    pending.lose(id, `no answer after cancellation: ${reason}`);
  }

  settled(id: number, isAnswered: boolean): void {
    this.#listens.delete(id);
    this.#calls.settled(id, isAnswered);
  }

  unwritten(): Iterable<number> {
    return this.#calls.unwritten();
  }

  /** Nothing is told to a modern server, and it asks nothing. */
  tell(): void {}

  async close(): Promise<void> {
    this.#calls.abortAll();
  }

  #refused(id: number, head: ResponseHead, body: Buffer): void {
    const { client, onChanged, onLost } = this.#options;
    const error = rpcErrorIn(body);
    const isListen = this.#listens.has(id);
    settleRefused(this.#options, id, head, body);
    // The parameters that go into headers may be others than listed.
    if (error?.code === rpcCode.headerMismatch) onChanged(['tools']);
    const isGone = error === undefined && !isListen && gone.has(head.status);
    if (isGone || error?.code === rpcCode.unsupportedVersion) {
      onLost(refusalReason(client, head, body));
    }
  }
}
