import type { Delivery } from '../core/answer.ts';
import type { JsonObject } from '../core/json.ts';
import { Lifetime } from '../core/lifetime.ts';
import type { IncomingNotification } from '../wire/contract.ts';
import type { ListKind } from './contract.ts';
import type { UpstreamLimits } from './limits.ts';
import {
  acknowledgedUris,
  listenFilter,
  tellableKinds,
  tellsOfResources,
} from './listen-filter.ts';
import { changedKinds } from './lister.ts';
import { emptyResult, isResult } from './made-delivery.ts';
import { RelistPace } from './relist-pace.ts';
import { subscriptionOf, withoutTag } from './subscription-tag.ts';
import type { Subscriptions } from './subscriptions.ts';
import { untold, WantedResources } from './wanted-resources.ts';

export interface ListeningOptions {
  readonly capabilities: JsonObject;
  readonly limits: UpstreamLimits;
  /** Sends a `subscriptions/listen`, which stays open until its lifetime or the server ends it; its id names it. */
  readonly send: (fields: JsonObject, lifetime: Lifetime) => SentListen;
  /** Nobody listened for a while: these lists may be others than before. */
  readonly onGap: (kinds: readonly ListKind[]) => void;
}

export interface SentListen {
  readonly id: number;
  readonly over: Promise<Delivery>;
}

interface Listen {
  readonly id: number;
  readonly uris: ReadonlySet<string>;
  readonly lifetime: Lifetime;
}

/** The shortest time between two requests, however often clients change what they want. */
const renewMs = 100;

/**
 * All that one modern session listens for, in one `subscriptions/listen` at a time (MCP 2026-07-28, subscriptions). What is
 * wanted cannot be changed in one that is open: the next one takes over as soon as the server has acknowledged it.
 */
export class Listening implements Subscriptions {
  readonly #options: ListeningOptions;
  readonly #wanted: WantedResources;
  readonly #pace: RelistPace;
  /** The one that the server has acknowledged, and the one that it has not yet. */
  #current: Listen | undefined;
  #next: Listen | undefined;
  #openedMs = Number.NEGATIVE_INFINITY;
  /** More or less is wanted than the last one asked for. */
  #isDue = false;
  #hasGap = false;
  #timer: NodeJS.Timeout | undefined;
  #acknowledgement: NodeJS.Timeout | undefined;
  #closed: string | undefined;

  constructor(options: ListeningOptions) {
    this.#options = options;
    this.#wanted = new WantedResources(options.limits.subscribedUris);
    this.#pace = new RelistPace(options.limits);
  }

  start(): void {
    this.#pace.listed();
    this.#open();
  }

  async subscribe(uri: string, wanted: boolean): Promise<Delivery> {
    if (!wanted) {
      if (this.#wanted.remove(uri)) this.#change();
      return emptyResult();
    }
    if (!tellsOfResources(this.#options.capabilities)) return untold();
    const reason = this.#closed ?? this.#wanted.fault(uri);
    if (reason !== undefined) return { kind: 'unsent', reason };
    const isKnown = this.#wanted.has(uri);
    if (isKnown && this.#current?.uris.has(uri)) return emptyResult();
    this.#wanted.add(uri);
    if (!isKnown) this.#change();
    return this.#wanted.wait(uri);
  }

  /** A notification as it is passed on; undefined for one that nobody asked for, or that is about this hop. */
  take(notification: IncomingNotification): IncomingNotification | undefined {
    const { method, params } = notification;
    const isAcknowledgement = method === 'notifications/subscriptions/acknowledged';
    const id = subscriptionOf(notification);
    if (id === undefined) return isAcknowledgement || isListened(method) ? undefined : notification;
    if (this.#next !== undefined && id === this.#next.id) {
      // Whatever comes first under an id shows that the server took the request.
      const told = isAcknowledgement ? acknowledgedUris(params) : this.#next.uris;
      this.#acknowledged(this.#next, told);
    }
    return isAcknowledgement || id !== this.#current?.id ? undefined : withoutTag(notification);
  }

  close(reason: string): void {
    this.#closed = reason;
    clearTimeout(this.#timer);
    clearTimeout(this.#acknowledgement);
    this.#wanted.close(reason);
  }

  #change(): void {
    if (this.#isDue || this.#closed !== undefined) return;
    this.#isDue = true;
    if (this.#next === undefined) this.#renew();
  }

  #renew(): void {
    this.#wait(this.#openedMs + renewMs - performance.now(), () => this.#open());
  }

  /** With a pause that grows while listens end soon after they began. */
  #restart(): void {
    this.#hasGap = true;
    this.#wait(this.#pace.waitMs(), () => this.start());
  }

  #wait(delayMs: number, then: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(then, Math.max(0, delayMs));
    this.#timer.unref();
  }

  #open(): void {
    const { capabilities, limits, send } = this.#options;
    clearTimeout(this.#timer);
    this.#isDue = false;
    const { uris } = this.#wanted;
    const notifications = listenFilter(capabilities, uris);
    if (notifications === undefined) {
      this.#replace(undefined);
      this.#wanted.settle(uris, uris);
      return;
    }
    this.#openedMs = performance.now();
    const lifetime = new Lifetime();
    const { id, over } = send({ notifications }, lifetime);
    const listen = { id, uris, lifetime };
    this.#next = listen;
    this.#acknowledgement = setTimeout(() => this.#ignored(listen), limits.acknowledgeMs);
    this.#acknowledgement.unref();
    void over.then((delivery) => this.#over(listen, delivery));
  }

  #acknowledged(listen: Listen, told: ReadonlySet<unknown>): void {
    clearTimeout(this.#acknowledgement);
    this.#next = undefined;
    this.#replace(listen);
    this.#wanted.settle(listen.uris, told);
    if (this.#hasGap) this.#options.onGap(tellableKinds(this.#options.capabilities));
    this.#hasGap = false;
    if (this.#isDue) this.#renew();
  }

  #replace(listen: Listen | undefined): void {
    this.#current?.lifetime.end('something else is listened for');
    this.#current = listen;
  }

  #ignored(listen: Listen): void {
    this.#over(listen, { kind: 'lost', reason: '"subscriptions/listen" was not acknowledged' });
    listen.lifetime.end('not acknowledged');
  }

  #over(listen: Listen, delivery: Delivery): void {
    if (this.#closed !== undefined) return;
    if (listen === this.#next) {
      this.#refused(listen, isResult(delivery) ? untold() : delivery);
    } else if (listen === this.#current) {
      this.#current = undefined;
      this.#hasGap = true;
      if (this.#next === undefined) this.#restart();
    }
  }

  /** What it was sent for is not to be had; what the one before asked for goes on. */
  #refused(listen: Listen, delivery: Delivery): void {
    clearTimeout(this.#acknowledgement);
    this.#next = undefined;
    this.#wanted.failed(listen.uris, delivery);
    if (this.#current === undefined) this.#restart();
    else if (this.#isDue) this.#renew();
  }
}

/** Only comes to those who listen. */
function isListened(method: string): boolean {
  return method === 'notifications/resources/updated' || changedKinds(method) !== undefined;
}
