import type { Log } from '../log.ts';
import { CallStreams } from './call-streams.ts';
import type { HttpRequest, ResponseHead } from './exchange.ts';
import type { HttpClient } from './http-client.ts';
import type { Way, WayCall } from './http-connection.ts';
import type { Inbox } from './inbox.ts';
import { sendNote } from './note.ts';
import { isSessionLost, refusalReason, settleRefused } from './refusal.ts';
import { type HttpSession, postHeaders, sessionHeaders } from './session-headers.ts';
import { StandingStream } from './standing-stream.ts';

export interface StreamableOptions {
  readonly client: HttpClient;
  readonly inbox: Inbox;
  readonly session: HttpSession;
  readonly log: Log;
  /** The session is over. */
  readonly onLost: (reason: string) => void;
}

/** Streamable HTTP from 2025-03-26 to 2025-11-25: a POST for every message, and a GET stream for what the server starts. */
export class StreamableWay implements Way {
  readonly era = 'legacy';
  readonly isShared = false;
  readonly #options: StreamableOptions;
  readonly #calls: CallStreams;
  readonly #standing: StandingStream;
  readonly #session: readonly string[];
  readonly #post: readonly string[];
  #isOver = false;

  constructor(options: StreamableOptions) {
    this.#options = options;
    const { client, inbox, session } = options;
    this.#session = sessionHeaders(session);
    this.#post = [...postHeaders, ...this.#session];
    this.#calls = new CallStreams({
      client,
      inbox,
      resumption: (lastEventId) => this.#get(lastEventId, 'calls'),
      onRefused: (id, head, body) => this.#refused(id, head, body),
    });
    this.#standing = new StandingStream({
      client,
      request: (lastEventId) => this.#get(lastEventId, 'messages'),
      onMessage: (message, type) => {
        if (type === undefined || type === 'message') inbox.receive(message, 'unsaid');
      },
      onRefused: (head, body, opened) => this.#mayReopen(head, body, opened),
    });
  }

  /** The handshake is over: what the server says by itself is wanted from now on. */
  listen(): void {
    if (!this.#isOver) this.#standing.start();
  }

  obstacle(): string | undefined {
    return this.#options.client.isStuffed ? 'too much waits for its answers already' : undefined;
  }

  send(call: WayCall): void {
    this.#calls.send(call, {
      method: 'POST',
      headers: this.#post,
      body: call.text,
      lane: 'calls',
    });
  }

  cancel(id: number, reason: string): void {
    const { pending } = this.#options.inbox;
    if (this.#calls.recall(id)) {
      pending.unsent(id, reason);
      return;
    }
    pending.cancel(id, reason);
    const params = { requestId: id, reason };
    this.tell(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params }));
  }

  settled(id: number, isAnswered: boolean): void {
    this.#calls.settled(id, isAnswered);
  }

  unwritten(): Iterable<number> {
    return this.#calls.unwritten();
  }

  tell(text: string | Buffer): void {
    const { client, inbox, log } = this.#options;
    sendNote(client, this.#note(text), {
      onMessage: (message) => inbox.receive(message, undefined),
      onTaken: () => {},
      onRefused: (head, body) => {
        if (this.#isLost(head, body)) return;
        log.debug({ reason: refusalReason(client, head, body) }, 'remote server refused a message');
      },
      onFailed: (reason) => log.debug({ reason }, 'message to a remote server was lost'),
    });
  }

  async close(): Promise<void> {
    this.#standing.stop();
    this.#calls.abortAll();
    const { client, session } = this.#options;
    if (session.id === undefined || this.#isOver) return;
    this.#isOver = true;
    // Only a courtesy: servers forget sessions by themselves, and may refuse this with HTTP 405.
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, client.limits.closeMs);
      const done = (): void => {
        clearTimeout(timer);
        resolve();
      };
      sendNote(
        client,
        { method: 'DELETE', headers: this.#session, body: undefined, lane: 'messages' },
        { onMessage: done, onTaken: done, onRefused: done, onFailed: done },
      );
    });
  }

  #note(text: string | Buffer): HttpRequest {
    return { method: 'POST', headers: this.#post, body: text, lane: 'messages' };
  }

  #get(lastEventId: string | undefined, lane: HttpRequest['lane']): HttpRequest {
    const resume = lastEventId === undefined ? [] : ['last-event-id', lastEventId];
    const headers = ['accept', 'text/event-stream', ...this.#session, ...resume];
    return { method: 'GET', headers, body: undefined, lane };
  }

  /** What a session does not know any more, or was not let in for, it has not begun: the others in flight may have run. */
  #refused(id: number, head: ResponseHead, body: Buffer): void {
    const over = this.#overBy(head, body);
    if (over === undefined) settleRefused(this.#options, id, head, body);
    else this.#options.inbox.pending.unsent(id, over);
    this.#isLost(head, body);
  }

  /** HTTP 405 says that there is no such stream, and so does a first refusal of any kind. */
  #mayReopen(head: ResponseHead, body: Buffer, opened: number): boolean {
    const { client, log } = this.#options;
    if (head.status >= 500) return true;
    if ((opened > 0 || head.status === 401) && this.#isLost(head, body)) return false;
    log.debug(
      { reason: refusalReason(client, head, body) },
      'remote server has no stream of its own',
    );
    return false;
  }

  #isLost(head: ResponseHead, body: Buffer): boolean {
    const over = this.#overBy(head, body);
    if (over === undefined) return false;
    // A session that the server has forgotten needs no end.
    if (head.status !== 401) this.#isOver = true;
    this.#options.onLost(over);
    return true;
  }

  /** Why such a response is the end of the session; undefined when it is none. */
  #overBy(head: ResponseHead, body: Buffer): string | undefined {
    const { client, session } = this.#options;
    const reason = refusalReason(client, head, body);
    if (head.status === 401) return reason;
    if (session.id === undefined || !isSessionLost(head, body)) return undefined;
    return `the session is over: ${reason}`;
  }
}
