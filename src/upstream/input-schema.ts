import type { Options, ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { describe } from '../core/errors.ts';
import { foldOf } from '../core/fold.ts';
import { isObject, type Json, type JsonObject } from '../core/json.ts';
import { shown } from './names.ts';
import { isCheap } from './schema-cost.ts';
import { type Dialect, dialectOf } from './schema-dialect.ts';
import { schemaFault } from './schema-fault.ts';
import { withinTime } from './time-limit.ts';

/** Why arguments do not fit; undefined when they do. */
export type ArgumentCheck = (args: JsonObject) => string | undefined;

const schemaBytes = 256 * 1024;
const compileMs = 1_000;
const checkMs = 250;

/**
 * The check of a tool's arguments, compiled at its first use. A schema that cannot be used finds fault with everything:
 * whether such a tool may still be called is for the gate to say.
 */
export function createArgumentCheck(inputSchema: Json | undefined): ArgumentCheck {
  const lookAlike = lookAlikeCheck(inputSchema);
  let check: ArgumentCheck | undefined;
  return (args) => {
    check ??= compile(inputSchema);
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

function compile(inputSchema: Json | undefined): ArgumentCheck {
  if (!isObject(inputSchema)) return unusable('expected an object');
  if (JSON.stringify(inputSchema).length > schemaBytes) {
    return unusable(`it is longer than ${schemaBytes} bytes`);
  }
  const { $schema, ...schema } = inputSchema;
  const dialect = dialectOf($schema);
  if (dialect === undefined) return unusable(`unknown "$schema" ${shown($schema)}`);
  try {
    // What only the first schema pays for must not count against it.
    dialect.fault({});
    const validate = withinTime(compileMs, () => compileSchema(schema, dialect));
    return runner(validate, isCheap(inputSchema));
  } catch (error) {
    return unusable(shown(describe(error)));
  }
}

function unusable(reason: string): ArgumentCheck {
  return () => `input schema is unusable: ${reason}`;
}

function runner(validate: ValidateFunction, cheap: boolean): ArgumentCheck {
  const check = (args: JsonObject): string | undefined =>
    validate(args) === true ? undefined : schemaFault(validate.errors);
  return (args) => {
    try {
      return cheap ? check(args) : withinTime(checkMs, () => check(args));
    } catch {
      // Out of time or out of stack, by a schema that was made for it or by arguments that are.
      return 'arguments cannot be checked against the input schema in reasonable time';
    }
  };
}

const options: Options = {
  strict: false,
  logger: false,
  verbose: true,
  meta: false,
  validateSchema: false,
  inlineRefs: false,
  code: { regExp: Object.assign(compilePattern, { code: 'new RegExp' }) },
};

function compileSchema(schema: JsonObject, dialect: Dialect): ValidateFunction {
  const fault = dialect.fault(schema);
  if (fault !== undefined) throw new Error(fault);
  // An instance of its own: the `$id`s of one server's schema must not be found by another's `$ref`.
  const ajv = dialect.create(options);
  addFormats.default(ajv);
  const validate = ajv.compile(schema);
  // Such a validator answers with a promise, which is true whatever comes of it.
  if ('$async' in validate) throw new Error('"$async" is not supported');
  return validate;
}

/** Many servers write patterns that are not valid in Unicode mode, which JSON Schema asks for. */
function compilePattern(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'u');
  } catch {
    return new RegExp(pattern);
  }
}
