import type { Json, JsonObject } from '../core/json.ts';
import { isObject } from '../core/json.ts';
import type { HearProgress } from '../core/related.ts';
import type { Caller } from '../core/tool-call.ts';
import type { News } from './news.ts';

/** The token under which a client wants to hear how its request goes on; undefined when it does not. */
export function progressToken(params: JsonObject | undefined): Json | undefined {
  const meta = params?.['_meta'];
  return isObject(meta) ? meta['progressToken'] : undefined;
}

/** What the gate says of a request that takes long, and what its server says of it, under the token of this hop. */
export function progressOf(
  news: Pick<News, 'tell'>,
  token: Json | undefined,
): Pick<Caller, 'progress' | 'relayProgress'> {
  if (token === undefined) return { progress: undefined, relayProgress: undefined };
  const method = 'notifications/progress';
  const relayProgress: HearProgress = (params, extras) =>
    news.tell({ method, params: { ...params, progressToken: token }, extras });
  let told = 0;
  const progress = (message: string): void => {
    told += 1;
    // Below one, so that what the tool itself reports afterwards still rises (MCP, progress).
    relayProgress({ progress: told / 1000, message });
  };
  return { progress, relayProgress };
}
