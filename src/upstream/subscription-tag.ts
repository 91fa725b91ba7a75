import { isObject, type Json, type JsonObject } from '../core/json.ts';
import type { FarMessage } from '../core/related.ts';

const tagKey = 'io.modelcontextprotocol/subscriptionId';

/** The `subscriptions/listen` request that a notification answers (MCP 2026-07-28, subscriptions); undefined when none. */
export function subscriptionOf({ params }: FarMessage): Json | undefined {
  const meta = params?.['_meta'];
  return isObject(meta) ? meta[tagKey] : undefined;
}

/** The notification for the next hop, where the request has another id. */
export function withoutTag<T extends FarMessage>(notification: T): T {
  const { _meta: meta, ...fields } = notification.params ?? {};
  if (!isObject(meta)) return notification;
  const { [tagKey]: _, ...others } = meta;
  const params: JsonObject =
    Object.keys(others).length === 0 ? fields : { ...fields, _meta: others };
  return { ...notification, params };
}
