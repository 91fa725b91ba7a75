import type { Reply } from '../core/answer.ts';
import type { Target } from '../core/target.ts';
import type { Connection } from '../upstream/contract.ts';
import type { IncomingRequest } from '../wire/contract.ts';
import type { Crossing, Speaker } from './contract.ts';
import type { BridgeLimits } from './limits.ts';
import { ToModern } from './to-modern.ts';

/** A legacy client's request: to a legacy server it goes as it is. */
export class LegacyCrossing implements Crossing {
  readonly request: IncomingRequest;
  readonly client = undefined;
  readonly #speaker: Speaker;
  readonly #limits: BridgeLimits;

  constructor(request: IncomingRequest, speaker: Speaker, limits: BridgeLimits) {
    this.request = request;
    this.#speaker = speaker;
    this.#limits = limits;
  }

  target(connection: Connection): Target {
    return connection.era === 'legacy'
      ? connection
      : new ToModern(connection, this.#speaker, this.#limits);
  }

  reply(reply: Reply): Reply {
    return reply;
  }

  end(): void {
    // Nothing of it outlives its answer.
  }
}
