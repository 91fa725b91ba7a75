import * as z from 'zod';
import type { JsonObject } from '../core/json.ts';
import { inputSchema } from './input.ts';

/** The policy input as a JSON Schema: what is closed there is closed here, so that a misspelt field is an error. */
export function inputJsonSchema(): JsonObject {
  return JSON.parse(JSON.stringify(z.toJSONSchema(inputSchema)));
}
