import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { lookup } from '../../wire/methods.ts';
import type { Outcome } from './exchange.ts';

export interface Live {
  readonly sessions: () => number;
  readonly streams: () => number;
  readonly inFlight: () => number;
}

const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** What the face counts, as Prometheus reads it. No label has a value that a client chose. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #requests: Counter<'method' | 'outcome' | 'status'>;
  readonly #seconds: Histogram<'method'>;
  #hasDefaults = false;

  constructor(live: Live) {
    const registers = [this.#registry];
    this.#requests = new Counter({
      name: 'mcp_gate_http_requests_total',
      help: 'Requests by MCP method, outcome and HTTP status.',
      labelNames: ['method', 'outcome', 'status'],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'mcp_gate_http_request_seconds',
      help: 'Time from the headers of a request to its answer.',
      labelNames: ['method'],
      buckets,
      registers,
    });
    this.#gauge('mcp_gate_http_sessions', 'Open sessions.', live.sessions);
    this.#gauge('mcp_gate_http_streams', 'Streams that stand open without a call.', live.streams);
    this.#gauge('mcp_gate_http_in_flight', 'Requests without an answer.', live.inFlight);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  answered(method: string, outcome: Outcome, status: number, startedMs: number): void {
    const known = isKnown(method) ? method : 'other';
    this.#requests.inc({ method: known, outcome, status });
    this.#seconds.observe({ method: known }, (performance.now() - startedMs) / 1000);
  }

  /** Everything that is not a request with an answer. */
  counted(
    method: 'notification' | 'response' | 'request' | 'stream' | 'http' | 'page',
    outcome: Outcome,
    status: number,
  ): void {
    this.#requests.inc({ method, outcome, status });
  }

  text(): Promise<string> {
    // They watch the event loop from then on, which only those pay for who look.
    if (!this.#hasDefaults) collectDefaultMetrics({ register: this.#registry });
    this.#hasDefaults = true;
    return this.#registry.metrics();
  }

  #gauge(name: string, help: string, value: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(value());
      },
    });
  }
}

function isKnown(method: string): boolean {
  return (['legacy', 'modern'] as const).some(
    (era) => lookup('client', 'request', method, era) !== undefined,
  );
}
