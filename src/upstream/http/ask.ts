import { GateError } from '../../core/errors.ts';
import { isObject, type JsonObject } from '../../core/json.ts';
import { readStrict } from '../../core/strict-json.ts';
import { readMessage } from '../../wire/read-message.ts';
import { resultOf } from '../request-result.ts';
import type { HttpRequest, ResponseHead } from './exchange.ts';
import type { HttpClient } from './http-client.ts';
import { refusalReason } from './refusal.ts';
import { ReplyReader, type ReplyTaker } from './reply-reader.ts';
import { rpcErrorIn } from './rpc-error-body.ts';

/** What came of one request before a session is open. */
export type Reply =
  | { readonly kind: 'result'; readonly result: JsonObject; readonly head: ResponseHead }
  | RpcFailure
  /** A status other than 2xx, without an error of JSON-RPC. */
  | { readonly kind: 'refused'; readonly status: number; readonly reason: string }
  /** Nothing that says anything about the server's era. */
  | { readonly kind: 'failed'; readonly reason: string };

export interface RpcFailure {
  readonly kind: 'error';
  readonly status: number;
  readonly code: number;
  readonly data: JsonObject;
  readonly reason: string;
}

export interface Question {
  readonly method: string;
  readonly request: HttpRequest;
  readonly timeoutMs: number;
}

/** Sends one request on its own and waits for its answer; what else its server says with it is dropped. Never rejects. */
export function ask(client: HttpClient, { method, request, timeoutMs }: Question): Promise<Reply> {
  return new Promise((resolve) => {
    const settle = (reply: Reply): void => {
      clearTimeout(timer);
      resolve(reply);
    };
    const taker = new AnswerTaker(client, method, settle);
    const exchange = client.send(request, new ReplyReader(taker, client.limits));
    const timer = setTimeout(() => {
      exchange.abort();
      resolve({ kind: 'failed', reason: `did not answer "${method}" within ${timeoutMs} ms` });
    }, timeoutMs);
  });
}

class AnswerTaker implements ReplyTaker {
  readonly #client: HttpClient;
  readonly #method: string;
  readonly #settle: (reply: Reply) => void;
  #head: ResponseHead | undefined;

  constructor(client: HttpClient, method: string, settle: (reply: Reply) => void) {
    this.#client = client;
    this.#method = method;
    this.#settle = settle;
  }

  onOpen(head: ResponseHead): void {
    this.#head = head;
  }

  onMessage(bytes: Buffer, type: string | undefined): void {
    if (this.#head === undefined || (type !== undefined && type !== 'message')) return;
    const message = readMessage(bytes);
    if (message.kind === 'invalid') {
      this.#settle({
        kind: 'failed',
        reason: `answer to "${this.#method}" is unusable: ${message.error.message}`,
      });
    }
    if (message.kind !== 'response') return;
    const { response } = message;
    if (response.kind === 'error') {
      const read = readStrict(response.line.subarray(...response.value));
      const error = read.kind === 'value' && isObject(read.value) ? read.value : {};
      this.#fail(this.#head.status, error);
      return;
    }
    try {
      const result = resultOf(response, this.#method);
      this.#settle({ kind: 'result', result, head: this.#head });
    } catch (error) {
      if (!(error instanceof GateError)) throw error;
      this.#settle({ kind: 'failed', reason: error.message });
    }
  }

  onId(): void {}

  onRetry(): void {}

  onEnd(): void {
    this.#settle({ kind: 'failed', reason: `"${this.#method}" got no answer` });
  }

  onRefused(head: ResponseHead, body: Buffer): void {
    const found = head.status >= 400 ? rpcErrorIn(body) : undefined;
    if (found !== undefined && head.status !== 401) {
      this.#fail(head.status, found.error);
      return;
    }
    const reason = `"${this.#method}" was ${refusalReason(this.#client, head, body)}`;
    this.#settle({ kind: 'refused', status: head.status, reason });
  }

  onUnusable(reason: string): void {
    this.#settle({ kind: 'failed', reason });
  }

  onFailed(reason: string): void {
    this.#settle({ kind: 'failed', reason });
  }

  #fail(status: number, error: JsonObject): void {
    const { code, data } = error;
    const said = this.#client.wording.clean(String(error['message'] ?? ''));
    this.#settle({
      kind: 'error',
      status,
      code: typeof code === 'number' ? code : 0,
      data: isObject(data) ? data : {},
      reason: `"${this.#method}" was answered with an error: ${said}`,
    });
  }
}
