import type { Reply } from '../core/answer.ts';
import type { Target } from '../core/target.ts';
import type { Connection } from '../upstream/contract.ts';
import type { IncomingRequest } from '../wire/contract.ts';
import type { Crossing, Speaker } from './contract.ts';
import { ToModern, type ToModernParts } from './to-modern.ts';

/** A legacy client's request: to a legacy server it goes as it is. */
export class LegacyCrossing implements Crossing {
  readonly request: IncomingRequest;
  readonly client = undefined;
  readonly rounds = undefined;
  readonly #speaker: Speaker;
  readonly #parts: ToModernParts;

  constructor(request: IncomingRequest, speaker: Speaker, parts: ToModernParts) {
    this.request = request;
    this.#speaker = speaker;
    this.#parts = parts;
  }

  target(connection: Connection): Target {
    return connection.era === 'legacy'
      ? connection
      : new ToModern(connection, this.#speaker, this.#parts);
  }

  reply(reply: Reply): Reply {
    return reply;
  }

  end(): void {
    // Nothing of it outlives its answer.
  }
}
