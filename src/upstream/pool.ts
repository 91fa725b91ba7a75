import type { Clock } from '../core/clock.ts';
import { LiveCatalog } from './catalog.ts';
import type {
  Catalog,
  ClientHello,
  Connection,
  UpstreamEvents,
  UpstreamPool,
  UpstreamStatus,
} from './contract.ts';
import { createEraVerdicts } from './era-verdicts.ts';
import { createLeash, type Leash } from './leash.ts';
import { defaultLimits, type UpstreamLimits } from './limits.ts';
import type { Log } from './log.ts';
import type { PinBook } from './pins.ts';
import type { EraVerdicts } from './run.ts';
import type { ServerSpec } from './server-spec.ts';
import { Supervisor } from './supervisor.ts';
import type { KnownSchemas } from './tool-schemas.ts';

export interface PoolOptions {
  readonly servers: readonly ServerSpec[];
  readonly events: UpstreamEvents;
  readonly pins: PinBook;
  readonly log: Log;
  readonly clock: Clock;
  /** Shared by all pools of a gate; without it this pool finds out for itself what its servers speak. */
  readonly eras?: EraVerdicts;
  /** Likewise; without it this pool compiles the schemas of its tools for itself. */
  readonly schemas?: KnownSchemas;
  readonly limits?: Partial<UpstreamLimits>;
}

export function createPool(options: PoolOptions): UpstreamPool {
  return new ServerPool(options);
}

class ServerPool implements UpstreamPool {
  readonly #catalog: LiveCatalog;
  readonly #leash: Leash = createLeash();
  readonly #supervisors: ReadonlyMap<string, Supervisor>;
  readonly #listeners: (() => void)[] = [];
  #closing: Promise<void> | undefined;

  constructor({ servers, events, pins, log, clock, eras, schemas, limits }: PoolOptions) {
    const catalog = new LiveCatalog({
      servers,
      pins,
      ...(schemas !== undefined && { schemas }),
      onListChanged: (kind) => events.onListChanged(kind),
    });
    const shared = {
      limits: { ...defaultLimits, ...limits },
      leash: this.#leash,
      catalog,
      pins,
      events,
      eras: eras ?? createEraVerdicts(),
      log,
      clock,
      onChange: () => this.#changed(),
    };
    this.#catalog = catalog;
    this.#supervisors = new Map(
      servers.map((spec) => [spec.key, new Supervisor({ ...shared, spec })]),
    );
  }

  get catalog(): Catalog {
    return this.#catalog;
  }

  start(): void {
    startEach([...this.#supervisors.values()]);
  }

  open(hello: ClientHello): void {
    for (const supervisor of this.#supervisors.values()) supervisor.open(hello);
  }

  connection(server: string): Connection | undefined {
    return this.#supervisors.get(server)?.connection;
  }

  connections(capability: string | undefined): readonly Connection[] {
    return [...this.#supervisors.values()]
      .flatMap(({ connection }) => connection ?? [])
      .filter(
        ({ capabilities }) => capability === undefined || capabilities[capability] !== undefined,
      );
  }

  status(): readonly UpstreamStatus[] {
    return [...this.#supervisors.values()].map((supervisor) => supervisor.status());
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  close(): Promise<void> {
    this.#closing ??= Promise.all([...this.#supervisors.values()].map((each) => each.end())).then(
      () => this.#leash.close(),
    );
    return this.#closing;
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

// To make a process holds up everybody for some ten milliseconds: the calls of others go in between.
function startEach([first, ...others]: readonly Supervisor[]): void {
  first?.start();
  if (others.length > 0) setImmediate(startEach, others);
}
