import type { Answer, Delivery } from '../core/answer.ts';
import { newTraceId, traceIdOf } from '../core/ids.ts';
import { isObject } from '../core/json.ts';
import type { Decide, Target } from '../core/target.ts';
import type { Caller, Identity, Session, ToolCall } from '../core/tool-call.ts';
import type { UpstreamPool } from '../upstream/contract.ts';
import type { IncomingRequest } from '../wire/contract.ts';
import type { OpenRequest } from './open-requests.ts';
import type { Wish } from './resource-news.ts';
import { resolveCall } from './tool-calls.ts';
import { Turns } from './turns.ts';

export interface WishParts {
  readonly decide: Decide;
  readonly pool: Pick<UpstreamPool, 'catalog'>;
  readonly session: Session;
  readonly identity: Identity;
}

/** Decisions of one client that may be on their way to the journal at once: a long list is not to hold up the others. */
const decidedAtOnce = 8;

/**
 * Makes a decided call of every resource that one modern client wants news of, as if it had sent `resources/subscribe`.
 * All that one `subscriptions/listen` asks for is one trace.
 */
export class ResourceWishes {
  readonly #parts: WishParts;
  readonly #turns = new Turns(decidedAtOnce);

  constructor(parts: WishParts) {
    this.#parts = parts;
  }

  of(request: IncomingRequest, open: OpenRequest): Wish {
    const meta = request.params?.['_meta'];
    const traceId = traceIdOf(isObject(meta) ? meta['traceparent'] : undefined) ?? newTraceId();
    return {
      get isOver() {
        return open.isOver;
      },
      permit: async (uri, ask) => {
        const done = await this.#turns.take();
        try {
          if (open.isOver) return false;
          const call = this.#call(request, uri, traceId);
          if (call === undefined) return false;
          const way = new Way(uri, () => ask(call.server), done);
          const answer = await this.#parts.decide(call, this.#caller(open), () => way);
          return isGranted(answer, way.delivery);
        } finally {
          done();
        }
      },
    };
  }

  /** Undefined when no server has this resource. */
  #call({ id, params }: IncomingRequest, uri: string, traceId: string): ToolCall | undefined {
    const { _meta = {} } = params ?? {};
    const method = 'resources/subscribe';
    const said = {
      kind: 'request',
      id,
      method,
      params: { uri, _meta },
      extras: undefined,
    } as const;
    const resolved = resolveCall(said, this.#parts.pool.catalog, 'modern');
    if (resolved.kind === 'refused') return undefined;
    const { call } = resolved;
    // The key is for the whole request: under one key there are as many calls as resources.
    return { ...call, traceId, claims: { ...call.claims, idempotencyKey: undefined } };
  }

  #caller({ lifetime }: OpenRequest): Caller {
    const { session, identity } = this.#parts;
    const none = { progress: undefined, relayProgress: undefined, related: undefined };
    return { session, identity, lifetime, ...none };
  }
}

/** The server as the gate reaches it for one resource. The turn is over when the decision is recorded. */
class Way implements Target {
  readonly #uri: string;
  readonly #ask: () => Promise<Delivery>;
  readonly #done: () => void;
  /** What came of it; undefined when nothing was to reach the server. */
  delivery: Delivery | undefined;

  constructor(uri: string, ask: () => Promise<Delivery>, done: () => void) {
    this.#uri = uri;
    this.#ask = ask;
    this.#done = done;
  }

  async send({ fields }: Parameters<Target['send']>[0]): Promise<Delivery> {
    this.#done();
    this.delivery = fields?.['uri'] === this.#uri ? await this.#ask() : another;
    return this.delivery;
  }
}

/** The client is told of what it asked for: there is no word for another resource in its place. */
const another: Delivery = { kind: 'unsent', reason: 'a subscription to another resource' };

/** A server that has said nothing yet may tell of changes all the same; whatever else is no result is a refusal. */
function isGranted(answer: Answer, delivery: Delivery | undefined): boolean {
  if (delivery === undefined || delivery.kind === 'unsent') return false;
  if (delivery.kind === 'lost') return true;
  const kind = answer.kind === 'relayed' ? answer.response.kind : answer.kind;
  return delivery.response.kind === 'result' && (kind === 'result' || kind === 'made');
}
