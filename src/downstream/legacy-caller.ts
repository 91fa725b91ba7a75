import type { Lifetime } from '../core/lifetime.ts';
import type { Related } from '../core/related.ts';
import type { Target } from '../core/target.ts';
import type { Caller, Identity, Session } from '../core/tool-call.ts';
import type { UpstreamEvents } from '../upstream/contract.ts';
import type { IncomingRequest } from '../wire/contract.ts';
import { lookup } from '../wire/methods.ts';
import type { ClientLink } from './client-link.ts';
import type { SessionUser } from './client-user.ts';
import type { Outlet } from './contract.ts';
import type { News } from './news.ts';
import { progressOf, progressToken } from './progress.ts';

export interface LegacyCallerParts {
  readonly session: Session;
  readonly identity: Identity;
  /** One object for all that this client sends. */
  readonly client: object;
  readonly link: ClientLink;
  readonly user: SessionUser;
  readonly asking: (client: Target) => UpstreamEvents['onRequest'];
}

/** The client of a legacy session as the caller of one request: what belongs to the request goes where its answer goes. */
export function legacyCaller(
  { session, identity, client, link, user, asking }: LegacyCallerParts,
  { params }: IncomingRequest,
  outlet: Outlet,
  news: News,
  lifetime: Lifetime,
): Caller {
  const way = link.over(outlet);
  return {
    session,
    identity,
    lifetime,
    ...progressOf(news, progressToken(params)),
    related: relatedOf(client, asking(way), news),
    user: user.over(way),
  };
}

function relatedOf(client: object, ask: Related['ask'], news: News): Related {
  return {
    client,
    ask,
    tell: (_server, notification) => {
      const row = lookup('server', 'notification', notification.method, 'legacy');
      if (row?.treatment === 'pass') news.tell(notification);
    },
  };
}
