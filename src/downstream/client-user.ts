import { objectIn } from '../bridge/result-bytes.ts';
import type { AskMode, ClientUser, UserQuestion, UserSaid } from '../core/client-user.ts';
import { elicitation, elicitModes, userSaid } from '../core/elicitation.ts';
import type { JsonObject } from '../core/json.ts';
import { Lifetime } from '../core/lifetime.ts';
import type { Target } from '../core/target.ts';
import type { News } from './news.ts';

/** The user of one legacy session. The question is the gate's own, so no policy is asked about it. */
export class SessionUser {
  readonly #modes: readonly AskMode[];
  readonly #news: Pick<News, 'tell'>;
  readonly #lifetime = new Lifetime();

  constructor(declared: JsonObject, news: Pick<News, 'tell'>) {
    this.#modes = elicitModes(declared);
    this.#news = news;
  }

  /** Asked on this way to the client; what it says comes back over any. */
  over(client: Target): ClientUser {
    return {
      modes: this.#modes,
      lifetime: this.#lifetime,
      ask: (...question) => ask(client, ...question),
      // The request that it was asked for may be answered by then, so it goes where everything goes.
      completed: (elicitationId) =>
        this.#news.tell({
          method: 'notifications/elicitation/complete',
          params: { elicitationId },
          extras: undefined,
        }),
    };
  }

  close(): void {
    this.#lifetime.end('disconnected');
  }
}

async function ask(
  client: Target,
  id: string,
  question: UserQuestion,
  lifetime: Lifetime,
): Promise<UserSaid | undefined> {
  const { method, params } = elicitation(question);
  const fields = question.mode === 'url' ? { ...params, elicitationId: id } : params;
  const request = {
    method,
    fields,
    meta: undefined,
    argumentsText: undefined,
    extras: undefined,
  };
  const options = { lifetime, onProgress: undefined, related: undefined };
  const delivery = await client.send(request, options);
  if (delivery.kind !== 'answered' || delivery.response.kind !== 'result') return undefined;
  return userSaid(question.mode, objectIn(delivery.response));
}
