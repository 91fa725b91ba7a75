import { isObject, type Json } from '../core/json.ts';
import type { OutputSchema } from '../core/tool-call.ts';
import { compileCheck } from './schema-check.ts';

const words = { value: 'structured result', schema: 'output schema' };

/** What a tool says of its structured results, compiled at its first use; undefined when it says nothing. */
export function createOutputSchema(outputSchema: Json | undefined): OutputSchema | undefined {
  if (outputSchema === undefined) return undefined;
  let check: OutputSchema['fault'] | undefined;
  return {
    schema: isObject(outputSchema) ? outputSchema : {},
    fault: (value) => {
      check ??= compileCheck(outputSchema, words);
      return check(value);
    },
  };
}
