import type { Lifetime } from '../core/lifetime.ts';
import type { Related } from '../core/related.ts';
import type { Caller, Identity, Session } from '../core/tool-call.ts';
import type { IncomingRequest } from '../wire/contract.ts';
import { lookup } from '../wire/methods.ts';
import type { News } from './news.ts';
import { progressOf, progressToken } from './progress.ts';

interface LegacyCallerParts {
  readonly session: Session;
  readonly identity: Identity;
  readonly lifetime: Lifetime;
  /** Where what is told of the request goes. */
  readonly news: News;
  /** The client, as servers know it apart from others. */
  readonly client: object;
  readonly ask: Related['ask'];
}

/** Whoever sends a request in a session; what a server says while it works on that goes where its answer goes. */
export function legacyCaller({ params }: IncomingRequest, parts: LegacyCallerParts): Caller {
  const { session, identity, lifetime, news, client, ask } = parts;
  return {
    session,
    identity,
    lifetime,
    ...progressOf(news, progressToken(params)),
    related: {
      client,
      ask,
      tell: (_server, notification) => {
        const row = lookup('server', 'notification', notification.method, 'legacy');
        if (row?.treatment === 'pass') news.tell(notification);
      },
    },
  };
}
