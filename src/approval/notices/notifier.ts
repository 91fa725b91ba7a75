import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../core/clock.ts';
import { type Notice, signedHeaders } from './notice.ts';

/** Where notices go; the address may be a secret in itself, so only its origin is ever logged. */
export interface Webhook {
  readonly url: string;
  readonly secret: string;
}

interface NotifierParts {
  /** As they are configured now. */
  readonly webhooks: () => readonly Webhook[];
  readonly clock: Clock;
  readonly warn: (about: { readonly webhook: string; readonly cause: string }) => void;
  /** How long to wait after each try that failed; one more try than there are waits. */
  readonly waitsMs?: readonly number[];
  readonly timeoutMs?: number;
}

const usualWaitsMs = [1_000, 5_000, 25_000, 120_000];
const mostUnderWay = 100;
const graceMs = 1_000;

/**
 * Tells of calls that wait. Nobody waits for it, and nothing rests on it: the approval is durable before, and a notice that
 * nobody takes is given up after the last try, or when the approval expires. Its owner closes it.
 */
export class Notifier {
  readonly #parts: NotifierParts;
  readonly #underWay = new Set<Promise<void>>();
  readonly #waits = new AbortController();
  readonly #tries = new AbortController();

  constructor(parts: NotifierParts) {
    this.#parts = parts;
  }

  tell(notice: Notice): void {
    if (this.#waits.signal.aborted) return;
    for (const webhook of this.#parts.webhooks()) {
      if (this.#underWay.size >= mostUnderWay) this.#warn(webhook, 'too many notices under way');
      else this.#start(webhook, notice);
    }
  }

  /** Gives tries that go on a moment, and makes no new ones. */
  async close(): Promise<void> {
    this.#waits.abort();
    const timer = setTimeout(() => this.#tries.abort(), graceMs);
    await Promise.all(this.#underWay);
    clearTimeout(timer);
  }

  #start(webhook: Webhook, notice: Notice): void {
    const sending = this.#send(webhook, notice)
      .catch((thrown: unknown) => this.#warn(webhook, causeOf(thrown)))
      .finally(() => this.#underWay.delete(sending));
    this.#underWay.add(sending);
  }

  async #send(webhook: Webhook, notice: Notice): Promise<void> {
    const { waitsMs = usualWaitsMs, clock } = this.#parts;
    for (const waitMs of [...waitsMs, undefined]) {
      const failure = await this.#attempt(webhook, notice);
      if (failure === undefined) return;
      const isOver = waitMs === undefined || clock() + waitMs >= notice.expiresMs;
      if (!failure.again || isOver || this.#waits.signal.aborted) {
        return this.#warn(webhook, failure.cause);
      }
      // Gates that failed together come back apart.
      await this.#pause(waitMs * (0.5 + Math.random() / 2));
      if (this.#waits.signal.aborted) return this.#warn(webhook, failure.cause);
    }
  }

  async #attempt(
    { url, secret }: Webhook,
    notice: Notice,
  ): Promise<{ readonly again: boolean; readonly cause: string } | undefined> {
    const { clock, timeoutMs = 10_000 } = this.#parts;
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: signedHeaders(notice, secret, clock()),
        body: notice.body,
        // A signed notice goes where the config says and nowhere else.
        redirect: 'error',
        signal: AbortSignal.any([this.#tries.signal, AbortSignal.timeout(timeoutMs)]),
      });
      // Nothing that is said there matters.
      await response.body?.cancel();
      if (response.ok) return undefined;
      return { again: isPassing(response.status), cause: `status ${response.status}` };
    } catch (thrown) {
      return { again: true, cause: causeOf(thrown) };
    }
  }

  async #pause(ms: number): Promise<void> {
    try {
      await sleep(ms, undefined, { signal: this.#waits.signal, ref: false });
    } catch {
      // Closed meanwhile: whoever called looks.
    }
  }

  #warn({ url }: Webhook, cause: string): void {
    this.#parts.warn({ webhook: new URL(url).origin, cause });
  }
}

function isPassing(status: number): boolean {
  return status >= 500 || status === 408 || status === 425 || status === 429;
}

// Messages of the network hold the address; its code and name do not.
function causeOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return 'failed';
  const { cause } = thrown;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' ? code : thrown.name;
}
