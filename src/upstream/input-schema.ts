import { foldOf } from '../core/fold.ts';
import { isObject, type Json, type JsonObject } from '../core/json.ts';
import { shown } from './names.ts';
import { compileCheck } from './schema-check.ts';

/** Why arguments do not fit; undefined when they do. */
export type ArgumentCheck = (args: JsonObject) => string | undefined;

const words = { value: 'arguments', schema: 'input schema' };

/**
 * The check of a tool's arguments, compiled at its first use. A schema that cannot be used finds fault with everything:
 * whether such a tool may still be called is for the gate to say.
 */
export function createArgumentCheck(inputSchema: Json | undefined): ArgumentCheck {
  const lookAlike = lookAlikeCheck(inputSchema);
  let check: ArgumentCheck | undefined;
  return (args) => {
    check ??= compileCheck(inputSchema, words);
    return check(args) ?? lookAlike(args);
  };
}

/** Some servers match names without case: what policy did not see as `path` must not become it behind the gate. */
function lookAlikeCheck(inputSchema: Json | undefined): ArgumentCheck {
  const properties = isObject(inputSchema) ? inputSchema['properties'] : undefined;
  const names = new Set(isObject(properties) ? Object.keys(properties) : []);
  const byFold = new Map([...names].map((name) => [foldOf(name), name]));
  return (args) => {
    for (const key of Object.keys(args)) {
      const name = names.has(key) ? undefined : byFold.get(foldOf(key));
      if (name !== undefined) return `"${shown(key)}" must be written "${shown(name)}"`;
    }
    return undefined;
  };
}
