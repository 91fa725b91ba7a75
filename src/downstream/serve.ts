import type { Crossing } from '../bridge/contract.ts';
import type { Reply } from '../core/answer.ts';
import type { Decide, Target } from '../core/target.ts';
import type { Caller, ToolCall } from '../core/tool-call.ts';
import type { Connection, UpstreamPool } from '../upstream/contract.ts';
import type { Era } from '../wire/eras.ts';
import { settleLimitMs } from './lists.ts';
import { resolveCall } from './tool-calls.ts';

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
export async function serveCall(
  { pool, decide, era, through, answered, traceId }: ServeParts,
  crossing: Crossing,
  caller: Caller,
): Promise<Reply> {
  const { request } = crossing;
  let resolved = resolveCall(request, pool.catalog, era);
  if (resolved.kind === 'refused') {
    // A client may know the name from an earlier run, while the servers are still starting.
    const isThere = () => resolveCall(request, pool.catalog, era).kind === 'call';
    await pool.catalog.settled(settleLimitMs, isThere);
    resolved = resolveCall(request, pool.catalog, era);
  }
  if (resolved.kind === 'refused') return resolved;
  const call = traceId === undefined ? resolved.call : { ...resolved.call, traceId };
  let served = call;
  const reply = await decide(call, caller, (run) => {
    served = run;
    const connection = pool.connection(run.server);
    if (connection === undefined) return undefined;
    const target = crossing.target(connection);
    return through === undefined ? target : through(run, connection, target);
  });
  return answered === undefined ? reply : answered(served, reply);
}
