import type { Crossing } from '../bridge/contract.ts';
import type { Reply } from '../core/answer.ts';
import type { Decide, Target } from '../core/target.ts';
import type { Caller, ToolCall } from '../core/tool-call.ts';
import type { Connection, UpstreamPool } from '../upstream/contract.ts';
import type { Era } from '../wire/eras.ts';
import { settleLimitMs } from './lists.ts';
import { type Resolved, resolveCall } from './tool-calls.ts';

export interface ServeParts {
  readonly pool: UpstreamPool;
  readonly decide: Decide;
  readonly era: Era;
  /** What else is done in the tick of the dispatch: the way to the server, or one around it. */
  readonly through?: (call: ToolCall, connection: Connection, target: Target) => Target;
  /** Sees what came of a call, and says what the client gets. */
  readonly answered?: (call: ToolCall, reply: Reply) => Promise<Reply>;
  /** The trace that the call goes on in; without it the request says which. */
  readonly traceId?: string;
}

/** A client's request that policy decides: resolved, decided and run, in the words of the two sides. */
export function serveCall(parts: ServeParts, crossing: Crossing, caller: Caller): Promise<Reply> {
  const resolved = resolve(parts, crossing);
  return resolved.kind === 'call'
    ? run(parts, crossing, caller, resolved.call)
    : onceSettled(parts, crossing, caller);
}

function resolve({ pool, era }: ServeParts, { request }: Crossing): Resolved {
  return resolveCall(request, pool.catalog, era);
}

/** A client may know the name from an earlier run, while the servers are still starting. */
async function onceSettled(parts: ServeParts, crossing: Crossing, caller: Caller): Promise<Reply> {
  const isThere = () => resolve(parts, crossing).kind === 'call';
  await parts.pool.catalog.settled(settleLimitMs, isThere);
  const resolved = resolve(parts, crossing);
  return resolved.kind === 'call' ? run(parts, crossing, caller, resolved.call) : resolved;
}

function run(
  { pool, decide, through, answered, traceId }: ServeParts,
  crossing: Crossing,
  caller: Caller,
  asked: ToolCall,
): Promise<Reply> {
  const call = traceId === undefined ? asked : { ...asked, traceId };
  let served = call;
  const reply = decide(call, caller, (sent) => {
    served = sent;
    const connection = pool.connection(sent.server);
    if (connection === undefined) return undefined;
    const target = crossing.target(connection);
    return through === undefined ? target : through(sent, connection, target);
  });
  return answered === undefined ? reply : reply.then((said) => answered(served, said));
}
