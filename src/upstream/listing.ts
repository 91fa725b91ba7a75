import { GateError } from '../core/errors.ts';
import { isObject, type JsonObject } from '../core/json.ts';
import type { Target } from '../core/target.ts';
import type { ListKind } from './contract.ts';
import type { UpstreamLimits } from './limits.ts';
import { requestResponse, resultOf } from './request-result.ts';

const listMethods: Readonly<Record<ListKind, string>> = {
  tools: 'tools/list',
  resources: 'resources/list',
  resourceTemplates: 'resources/templates/list',
  prompts: 'prompts/list',
};

export interface Listing {
  readonly items: readonly JsonObject[];
  /** Why there is more than `items`; undefined when this is all. */
  readonly cut: string | undefined;
}

/** Everything that a server lists of one kind, page by page; rejects when a page cannot be had. */
export async function listAll(
  target: Target,
  kind: ListKind,
  limits: UpstreamLimits,
  meta?: JsonObject,
): Promise<Listing> {
  const method = listMethods[kind];
  const most = kind === 'tools' ? limits.listTools : limits.listItems;
  const deadline = performance.now() + limits.listMs;
  const items: JsonObject[] = [];
  let cursor: string | undefined;
  let bytes = 0;
  for (let page = 0; page < limits.listPages; page += 1) {
    const timeoutMs = Math.max(1, Math.ceil(deadline - performance.now()));
    const fields = cursor === undefined ? undefined : { cursor };
    const response = await requestResponse(target, { method, fields, meta, timeoutMs });
    bytes += response.line.length;
    // Before it is parsed: reading, comparing and hashing a long list holds up every call.
    if (bytes > limits.listBytes) {
      return { items, cut: `more than ${limits.listBytes} bytes are listed, the rest is withheld` };
    }
    const result = resultOf(response, method);
    for (const item of pageItems(result, kind)) items.push(item);
    if (items.length > most) {
      const cut = `more than ${most} are listed, the rest is withheld`;
      return { items: items.slice(0, most), cut };
    }
    const next = result['nextCursor'];
    if (typeof next !== 'string' || next === cursor) return { items, cut: undefined };
    cursor = next;
  }
  return { items, cut: `more than ${limits.listPages} pages are listed, the rest is withheld` };
}

function pageItems(result: JsonObject, kind: ListKind): readonly JsonObject[] {
  const items = result[kind];
  if (Array.isArray(items)) return items.filter(isObject);
  throw new GateError('upstream_unavailable', `result of "${listMethods[kind]}" has no "${kind}"`);
}
