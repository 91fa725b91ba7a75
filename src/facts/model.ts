import type { JsonObject } from '../core/json.ts';
import type { PolicyInput } from '../policy/input.ts';

/** Which model asks, as far as the client says so; nobody proves it over stdio. */
export function modelFacts(claim: JsonObject | undefined): PolicyInput['model'] {
  if (claim === undefined) return unknown;
  const provider = textOf(claim?.['provider']);
  const id = textOf(claim?.['id']);
  const endpoint = textOf(claim?.['endpoint']);
  const known = provider !== null || id !== null || endpoint !== null;
  return { provider, id, endpoint, source: known ? 'client' : 'unknown' };
}

const unknown: PolicyInput['model'] = Object.freeze({
  provider: null,
  id: null,
  endpoint: null,
  source: 'unknown',
});

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value.length <= 200 ? value : null;
}
