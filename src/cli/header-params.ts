import type { JsonObject } from '../core/json.ts';
import type { ModernRequests } from '../downstream/contract.ts';
import type { HeaderParam, HeaderParams } from '../downstream/http/contract.ts';
import { paramHeaders } from '../upstream/http/param-headers.ts';

/** What a call repeats in headers, by the definition of its tool; each definition is read once. */
export function createHeaderParams(requests: Pick<ModernRequests, 'tool'>): HeaderParams {
  const known = new WeakMap<JsonObject, readonly HeaderParam[]>();
  return ({ params }, speaker, identity) => {
    const name = params?.['name'];
    const tool = typeof name === 'string' ? requests.tool(name, speaker, identity) : undefined;
    if (tool === undefined) return [];
    const before = known.get(tool);
    if (before !== undefined) return before;
    const found = paramsOf(tool);
    known.set(tool, found);
    return found;
  };
}

/** Clients leave a tool out whose annotations are wrong: nobody is asked for its headers. */
function paramsOf({ inputSchema }: JsonObject): readonly HeaderParam[] {
  const found = paramHeaders(inputSchema);
  return found.kind === 'valid'
    ? found.params.map(({ header, path }) => ({ header: header.toLowerCase(), path }))
    : [];
}
