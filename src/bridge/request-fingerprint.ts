import { canonical } from '../core/canonical.ts';
import { digestOf } from '../core/digest.ts';
import type { Json } from '../core/json.ts';
import { parseJson } from '../core/parse-json.ts';
import type { ForwardedRequest } from '../core/tool-call.ts';

/** Equal for requests that do the same; metadata may differ, for every leg of a call has its own. */
export function fingerprint({ method, fields, argumentsText }: ForwardedRequest): string {
  const text = `[${JSON.stringify([method, fields ?? null])},${argumentsText ?? 'null'}]`;
  const parsed: Json = parseJson(text);
  return digestOf(canonical(parsed));
}
