import type { Clock } from '../core/clock.ts';
import type { LiveCatalog } from './catalog.ts';
import type {
  ClientHello,
  Connection,
  ListKind,
  UpstreamEvents,
  UpstreamStatus,
} from './contract.ts';
import { envelopeOf } from './envelope.ts';
import { LateRun } from './late-run.ts';
import type { Leash } from './leash.ts';
import type { UpstreamLimits } from './limits.ts';
import { Lister } from './lister.ts';
import type { Log } from './log.ts';
import type { PinBook } from './pins.ts';
import { ProcessRun } from './process-run.ts';
import { RequestRate } from './request-rate.ts';
import type { EraVerdicts, Run, RunEvents } from './run.ts';
import { warmDialect } from './schema-dialect.ts';
import { type ServerSpec, transportOf } from './server-spec.ts';

/** Long enough for a client that waits for the first list to have it, and sooner than its first call. */
const warmAfterMs = 200;

export interface SupervisorOptions {
  readonly spec: ServerSpec;
  readonly limits: UpstreamLimits;
  readonly leash: Leash;
  readonly catalog: LiveCatalog;
  readonly pins: PinBook;
  readonly events: UpstreamEvents;
  readonly eras: EraVerdicts;
  readonly log: Log;
  readonly clock: Clock;
  readonly onChange: () => void;
}

/** Keeps one tool server running: one run at a time, the next one after the last is gone and the back-off is over. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  #hello: ClientHello | undefined;
  #run: Run | undefined;
  #connection: Connection | undefined;
  #lister: Lister | undefined;
  #state: UpstreamStatus['state'] = 'starting';
  #reason: string | undefined;
  #listFaults = new Map<ListKind, string>();
  readonly #told = new Set<string>();
  #restarts = 0;
  #failures = 0;
  #readySinceMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  get connection(): Connection | undefined {
    return this.#connection;
  }

  start(): void {
    if (this.#run === undefined && this.#state !== 'stopped') this.#begin();
  }

  open(hello: ClientHello): void {
    if (this.#hello !== undefined) return;
    this.#hello = hello;
    void this.#run?.open(hello);
  }

  status(): UpstreamStatus {
    const { spec, catalog } = this.#options;
    return {
      server: spec.key,
      transport: transportOf(spec),
      era: this.#connection?.era,
      state: this.#state,
      reason: this.#reason ?? [...this.#listFaults.values()][0],
      restarts: this.#restarts,
      tools: catalog.toolCount(spec.key),
      withheld: catalog.withheld(spec.key).map(({ name, reason }) => ({ name, reason })),
    };
  }

  async end(): Promise<void> {
    clearTimeout(this.#timer);
    this.#move('stopped', undefined);
    await this.#run?.end('the gate is stopping');
  }

  #begin(): void {
    const { limits, events } = this.#options;
    this.#move('starting', this.#reason);
    const rate = new RequestRate({
      limits,
      onFlood: () => void run.end('it floods the gate with requests'),
    });
    const run = this.#startRun({
      onRequest: (server, request, lifetime, reply, related) => {
        const admitted = rate.admit(lifetime, reply);
        if (admitted === undefined) return;
        if (related === undefined) events.onRequest(server, request, lifetime, admitted);
        else related.ask(server, request, lifetime, admitted);
      },
      onNotification: (...notification) => events.onNotification(...notification),
      onReady: (connection) => void this.#ready(connection),
      onChanged: (kinds) => this.#lister?.refresh(kinds),
      onOver: (reason) => void this.#over(reason),
    });
    this.#run = run;
    if (this.#hello !== undefined) void run.open(this.#hello);
  }

  #startRun(events: RunEvents): Run {
    const { spec, ...parts } = this.#options;
    return spec.kind === 'process'
      ? new ProcessRun(spec, { ...parts, events })
      : new LateRun(spec, { ...parts, events });
  }

  /** The session is usable at once; its tools follow as soon as they are listed. */
  async #ready(connection: Connection): Promise<void> {
    const { spec, catalog, pins, limits, clock } = this.#options;
    this.#connection = connection;
    this.#readySinceMs = clock();
    catalog.setCapabilities(spec.key, connection.capabilities);
    const hello = connection.era === 'modern' ? this.#hello : undefined;
    const lister = new Lister({
      connection,
      envelope: hello && envelopeOf(hello),
      catalog,
      pins,
      limits,
      onFault: (kind, reason) => this.#listFault(kind, reason),
      onCut: (kind, reason) => this.#listCut(kind, reason),
    });
    this.#lister = lister;
    this.#move('ready', undefined);
    await lister.listAll();
    if (this.#lister !== lister) return;
    catalog.settle(spec.key);
    this.#options.onChange();
    setTimeout(warmDialect, warmAfterMs).unref();
  }

  async #over(reason: string): Promise<void> {
    const { spec, catalog, limits, clock, log } = this.#options;
    this.#lister?.stop();
    this.#lister = undefined;
    this.#connection = undefined;
    this.#listFaults.clear();
    catalog.remove(spec.key);
    catalog.settle(spec.key);
    if (this.#state === 'stopped') return;
    const livedMs = this.#readySinceMs === undefined ? 0 : clock() - this.#readySinceMs;
    this.#readySinceMs = undefined;
    this.#failures = livedMs >= limits.healthyMs ? 1 : this.#failures + 1;
    this.#move('failed', reason);
    const delayMs = Math.round(limits.backoffMs(this.#failures));
    log.warn({ server: spec.key, delayMs }, 'server is down, it is started again after a pause');
    await this.#run?.end(reason);
    this.#again(delayMs);
  }

  #again(delayMs: number): void {
    if (this.#state === 'stopped') return;
    this.#timer = setTimeout(() => {
      this.#restarts += 1;
      this.#begin();
    }, delayMs);
    this.#timer.unref();
  }

  #listFault(kind: ListKind, reason: string | undefined): void {
    const { spec, log } = this.#options;
    if (this.#listFaults.get(kind) === reason) return;
    // Servers with resources often know no templates.
    if (reason === undefined || kind === 'resourceTemplates') this.#listFaults.delete(kind);
    else this.#listFaults.set(kind, reason);
    if (reason !== undefined) log.debug({ server: spec.key, kind, reason }, 'listing failed');
    this.#options.onChange();
  }

  /** The status says it for as long as it is so; the log once. */
  #listCut(kind: ListKind, reason: string): void {
    const { spec, log } = this.#options;
    if (this.#told.has(`${kind} ${reason}`)) return;
    this.#told.add(`${kind} ${reason}`);
    log.warn({ server: spec.key, kind, reason }, 'not all that the server lists is taken');
  }

  #move(state: UpstreamStatus['state'], reason: string | undefined): void {
    this.#state = state;
    this.#reason = reason;
    this.#options.onChange();
  }
}
