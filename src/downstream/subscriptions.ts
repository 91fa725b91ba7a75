import type { RpcError } from '../core/answer.ts';
import { isObject, type Json } from '../core/json.ts';
import type { FarMessage, Said } from '../core/related.ts';
import type { ListKind, UpstreamPool } from '../upstream/contract.ts';
import type { IncomingRequest } from '../wire/contract.ts';
import { rpcCode } from '../wire/rpc-error.ts';
import { changedMethods, settleLimitMs } from './lists.ts';
import type { OpenRequest } from './open-requests.ts';
import type { ResourceNews, Wish } from './resource-news.ts';
import type { ResourceWishes } from './resource-wishes.ts';

/** Of one client. */
const subscriptionsLimit = 50;
const urisLimit = 500;
const uriLengthLimit = 2_048;
/** News of a resource waits for a slow reader, one for each: of longer ones only the resource is told. */
const newsCharacters = 16_384;

/** The lists whose changes a client may ask for, by the member of the filter. */
const listFlags: Readonly<Record<string, string>> = {
  toolsListChanged: changedMethods.tools,
  promptsListChanged: changedMethods.prompts,
  resourcesListChanged: changedMethods.resources,
};

interface Filter {
  /** The members of `listFlags` that are wanted. */
  readonly flags: readonly string[];
  readonly uris: readonly string[];
}

interface Subscription {
  readonly open: OpenRequest;
  readonly methods: ReadonlySet<string>;
  readonly uris: ReadonlySet<string>;
  readonly over: () => void;
}

/**
 * The open `subscriptions/listen` of one modern client (MCP 2026-07-28, basic/patterns/subscriptions). Each ends by the
 * client's cancellation, without an answer, or by `close`, with one.
 */
export class Subscriptions {
  readonly #pool: Pick<UpstreamPool, 'catalog'>;
  readonly #resources: ResourceNews;
  readonly #wishes: Pick<ResourceWishes, 'of'>;
  readonly #active = new Set<Subscription>();
  /** What those ask for that are not acknowledged yet. */
  readonly #opening = new Set<Filter>();

  constructor(
    pool: Pick<UpstreamPool, 'catalog'>,
    resources: ResourceNews,
    wishes: Pick<ResourceWishes, 'of'>,
  ) {
    this.#pool = pool;
    this.#resources = resources;
    this.#wishes = wishes;
  }

  /** Resolves when the subscription is over, or with what is wrong with it; it has answered for itself then. */
  async listen(request: IncomingRequest, open: OpenRequest): Promise<RpcError | undefined> {
    const filter = filterOf(request.params?.['notifications']);
    if (typeof filter === 'string') return { code: rpcCode.invalidParams, message: filter };
    const fault = this.#fault(filter);
    if (fault !== undefined) return { code: rpcCode.invalidRequest, message: fault };
    const wish = this.#wishes.of(request, open);
    this.#opening.add(filter);
    const uris = await this.#watched(filter.uris, wish).finally(() => this.#opening.delete(filter));
    if (open.lifetime.ended === undefined) await this.#stay(open, filter, uris);
    for (const uri of uris) this.#resources.leave(uri, wish);
    return undefined;
  }

  listChanged(kind: ListKind): void {
    const method = changedMethods[kind];
    for (const { open, methods } of this.#active) {
      if (methods.has(method)) open.tellOnce(method, tagged(open, method, none));
    }
  }

  /** A server tells that a resource has changed; it counts if the resource is its own. */
  updated(server: string, { params, extras }: Said): void {
    const uri = params?.['uri'];
    if (typeof uri !== 'string' || !this.#resources.isOf(server, uri)) return;
    const method = 'notifications/resources/updated';
    const isLong = JSON.stringify([params, extras]).length > newsCharacters;
    const said = isLong ? { params: { uri }, extras: undefined } : { params, extras };
    for (const { open, uris } of this.#active) {
      if (uris.has(uri)) open.tellOnce(`${method} ${uri}`, tagged(open, method, said));
    }
  }

  /** Ends all of them, each with its answer. */
  close(): void {
    for (const { open, over } of [...this.#active]) {
      const result = { resultType: 'complete', _meta: { [subscriptionIdKey]: open.id } };
      open.outlet.reply(open.id, { kind: 'made', result });
      over();
    }
  }

  #fault({ uris }: Filter): string | undefined {
    if (this.#active.size + this.#opening.size >= subscriptionsLimit)
      return 'too many subscriptions';
    const coming = [...this.#opening].flatMap((each) => each.uris);
    const added = new Set([...coming, ...uris].filter((uri) => !this.#resources.has(uri)));
    return this.#resources.size + added.size > urisLimit ? 'too many resources' : undefined;
  }

  /** Those of the resources that the client will hear of; what policy denies is left out. */
  async #watched(uris: readonly string[], wish: Wish): Promise<ReadonlySet<string>> {
    if (uris.length === 0) return new Set();
    const isOwned = (uri: string) => this.#pool.catalog.resourceServer(uri) !== undefined;
    await this.#pool.catalog.settled(settleLimitMs, () => uris.every(isOwned));
    const watched = await Promise.all(uris.map((uri) => this.#resources.want(uri, wish)));
    return new Set(uris.filter((_, at) => watched[at]));
  }

  #stay(open: OpenRequest, { flags }: Filter, uris: ReadonlySet<string>): Promise<void> {
    const methods = new Set(flags.flatMap((flag) => listFlags[flag] ?? []));
    const notifications = {
      ...Object.fromEntries(flags.map((flag) => [flag, true])),
      ...(uris.size > 0 && { resourceSubscriptions: [...uris] }),
    };
    const method = 'notifications/subscriptions/acknowledged';
    // Before anything else that carries its id: never behind news that waits for the reader.
    open.outlet.notify(tagged(open, method, { ...none, params: { notifications } }));
    return new Promise((resolve) => {
      const over = (): void => {
        this.#active.delete(subscription);
        resolve();
      };
      const subscription = { open, methods, uris, over };
      this.#active.add(subscription);
      open.lifetime.onEnd(over);
    });
  }
}

const none: Said = { params: undefined, extras: undefined };

const subscriptionIdKey = 'io.modelcontextprotocol/subscriptionId';

/** Every message of a subscription names it. */
function tagged({ id }: OpenRequest, method: string, { params, extras }: Said): FarMessage {
  const said = params?.['_meta'];
  const _meta = { ...(isObject(said) ? said : {}), [subscriptionIdKey]: id };
  return { method, params: { ...params, _meta }, extras };
}

/** What a client wants to hear, as far as the gate can tell of it, or what is wrong with it. */
function filterOf(wanted: Json | undefined): Filter | string {
  if (!isObject(wanted)) return '"params.notifications" must be an object';
  const flags = Object.keys(listFlags);
  const wrong = flags.find((flag) => !['boolean', 'undefined'].includes(typeof wanted[flag]));
  if (wrong !== undefined) return `"params.notifications.${wrong}" must be true or false`;
  const uris = textsOf(wanted['resourceSubscriptions'] ?? []);
  if (uris === undefined) {
    return '"params.notifications.resourceSubscriptions" must be a list of strings';
  }
  return {
    flags: flags.filter((flag) => wanted[flag] === true),
    uris: [...new Set(uris)].filter((uri) => uri.length <= uriLengthLimit),
  };
}

function textsOf(value: Json): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const texts = value.filter((each) => typeof each === 'string');
  return texts.length === value.length ? texts : undefined;
}
