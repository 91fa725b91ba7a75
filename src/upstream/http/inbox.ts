import type { Answer } from '../../core/answer.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Lifetime } from '../../core/lifetime.ts';
import type { FarMessage, Related } from '../../core/related.ts';
import { shortened } from '../../core/shortened.ts';
import type {
  Incoming,
  IncomingNotification,
  IncomingRequest,
  LineWriter,
  RequestId,
} from '../../wire/contract.ts';
import { readMessage } from '../../wire/read-message.ts';
import { cleanResponse, withoutReservedMembers } from '../../wire/reserved-meta.ts';
import { rpcCode } from '../../wire/rpc-error.ts';
import { withoutType } from '../../wire/without-type.ts';
import type { ListKind } from '../contract.ts';
import { FaultMeter } from '../fault-meter.ts';
import type { UpstreamLimits } from '../limits.ts';
import type { Listening } from '../listening.ts';
import { changedKinds } from '../lister.ts';
import { PendingRequests } from '../pending-requests.ts';
import { ServerRequests } from '../server-requests.ts';

export interface InboxEvents {
  /** `related`: whose response stream it came on, if any. */
  onRequest(
    request: FarMessage,
    lifetime: Lifetime,
    reply: (answer: Answer) => void,
    related: Related | undefined,
  ): void;
  onNotification(notification: FarMessage): void;
  onChanged(kinds: readonly ListKind[]): void;
  /** Nothing useful can come from this server any more. */
  onBroken(reason: string): void;
}

export interface InboxOptions {
  readonly server: string;
  readonly limits: UpstreamLimits;
  readonly events: InboxEvents;
  /** The way of answers to what the server asks; undefined where it may not ask. */
  readonly replies: LineWriter | undefined;
}

/** The request that a message belongs to; `unsaid` where it came on a stream that is for no request, or for all. */
export type Whose = Related | 'unsaid' | undefined;

/**
 * What one session with a remote server has under way, whatever stream its messages come on. It owns the ids of this hop,
 * which are the progress tokens too.
 */
export class Inbox {
  readonly pending: PendingRequests;
  readonly #options: InboxOptions;
  readonly #asked: ServerRequests | undefined;
  readonly #faults: FaultMeter;
  /** Of a session of the modern era. */
  #listening: Listening | undefined;
  #lastId = 0;
  #isClosed = false;

  constructor(options: InboxOptions) {
    const { limits, replies } = options;
    this.#options = options;
    this.pending = new PendingRequests(limits.lateAnswerMs);
    this.#asked = replies === undefined ? undefined : new ServerRequests(replies);
    this.#faults = new FaultMeter(limits.faultsPerMinute);
  }

  speakModern(listening: Listening): void {
    this.#listening = listening;
  }

  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  /** `related`: whose response stream the message came on; undefined where that is over. */
  receive(message: Buffer, related: Whose): void {
    if (this.#isClosed) return;
    this.take(readMessage(message), related);
  }

  take(message: Incoming, related: Whose): void {
    switch (message.kind) {
      case 'response':
        if (!this.#answer(message)) this.fault();
        break;
      case 'request':
        this.#request(message, related);
        break;
      case 'notification':
        this.#notification(message, related);
        break;
      case 'invalid':
        this.#invalid(message);
        break;
    }
  }

  fault(): void {
    if (this.#faults.add()) {
      this.#options.events.onBroken('it floods the gate with messages that nobody can use');
    }
  }

  close(reason: string): void {
    this.#isClosed = true;
    this.pending.loseAll(reason);
    this.#asked?.endAll(reason);
  }

  #answer({ id, response }: Incoming & { readonly kind: 'response' }): boolean {
    if (typeof id !== 'number' || !this.pending.has(id)) return false;
    const clean = cleanResponse(response);
    return this.pending.answer(id, this.#listening === undefined ? withoutType(clean) : clean);
  }

  #request(request: IncomingRequest, related: Whose): void {
    const asked = this.#asked;
    if (asked === undefined || asked.has(request.id)) {
      // Nobody may ask in this era; or an answer would go to the request that has this id already.
      this.fault();
    } else if (request.method === 'ping') {
      asked.write(JSON.stringify(request.id), { kind: 'made', result: {} });
    } else if (asked.size >= this.#options.limits.serverRequests) {
      this.fault();
      this.#refuse(request.id, rpcCode.unavailable, 'too many requests are waiting');
    } else {
      const { lifetime, reply } = asked.begin(request.id);
      const { events } = this.#options;
      const whose = related === 'unsaid' ? this.pending.askedRelated : related;
      events.onRequest(withoutReservedMembers(request), lifetime, reply, whose);
    }
  }

  #notification(notification: IncomingNotification, related: Whose): void {
    const { method, params = {} } = notification;
    if (method === 'notifications/progress') {
      const token = params['progressToken'];
      // One for a request that is over is no fault: it may have crossed the answer or the cancellation.
      if (typeof token === 'number') {
        this.pending.progress(token, withoutReservedMembers(notification));
      }
    } else if (method === 'notifications/cancelled') {
      this.#cancelled(params);
    } else {
      const taken =
        this.#listening === undefined ? notification : this.#listening.take(notification);
      if (taken !== undefined) this.#pass(withoutReservedMembers(taken), related);
    }
  }

  #pass(notification: FarMessage, related: Whose): void {
    const { server, events } = this.#options;
    const kinds = changedKinds(notification.method);
    const isLog = notification.method === 'notifications/message';
    const whose = related === 'unsaid' ? this.pending.soleRelated : related;
    if (kinds !== undefined) events.onChanged(kinds);
    else if (isLog && whose !== undefined) whose.tell(server, notification);
    else events.onNotification(notification);
  }

  /** In the legacy era a request of the server's; in the modern one it may be nothing but what is listened for. */
  #cancelled({ requestId, reason }: JsonObject): void {
    if (typeof requestId !== 'string' && typeof requestId !== 'number') return;
    const said = typeof reason === 'string' ? shortened(reason, 200) : 'cancelled';
    if (this.#listening === undefined) this.#asked?.cancel(requestId, said);
    else if (typeof requestId === 'number') this.pending.loseStanding(requestId, said);
  }

  #invalid({ id, answers, error }: Incoming & { readonly kind: 'invalid' }): void {
    if (typeof answers === 'number') {
      this.pending.lose(answers, `the answer is unusable: ${error.message}`);
    } else if (id !== null && this.#asked !== undefined && !this.#asked.has(id)) {
      this.#asked.write(JSON.stringify(id), { kind: 'refused', error });
    }
    this.fault();
  }

  #refuse(id: RequestId, code: number, message: string): void {
    this.#asked?.write(JSON.stringify(id), { kind: 'refused', error: { code, message } });
  }
}
