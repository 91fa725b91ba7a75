import type { Options, ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { describe } from '../core/errors.ts';
import { isObject, type Json, type JsonObject } from '../core/json.ts';
import { shown } from './names.ts';
import { isCheap } from './schema-cost.ts';
import { type Dialect, dialectOf } from './schema-dialect.ts';
import { type SchemaWords, schemaFault } from './schema-fault.ts';
import { withinTime } from './time-limit.ts';

/** Why a value does not fit; undefined when it does. */
type SchemaCheck = (value: Json) => string | undefined;

const schemaBytes = 256 * 1024;
const compileMs = 1_000;
const checkMs = 250;

/** Compiles a stranger's schema in bounded time. One that cannot be used finds fault with everything. */
export function compileCheck(stated: Json | undefined, words: SchemaWords): SchemaCheck {
  if (!isObject(stated)) return unusable(words, 'expected an object');
  if (JSON.stringify(stated).length > schemaBytes) {
    return unusable(words, `it is longer than ${schemaBytes} bytes`);
  }
  const { $schema, ...schema } = stated;
  const dialect = dialectOf($schema);
  if (dialect === undefined) return unusable(words, `unknown "$schema" ${shown($schema)}`);
  try {
    // What only the first schema pays for must not count against it.
    dialect.fault({});
    const validate = withinTime(compileMs, () => compileSchema(schema, dialect));
    return runner(validate, isCheap(stated), words);
  } catch (error) {
    return unusable(words, shown(describe(error)));
  }
}

function unusable({ schema }: SchemaWords, reason: string): SchemaCheck {
  return () => `${schema} is unusable: ${reason}`;
}

function runner(validate: ValidateFunction, cheap: boolean, words: SchemaWords): SchemaCheck {
  const check = (value: Json): string | undefined =>
    validate(value) === true ? undefined : schemaFault(validate.errors, words);
  return (value) => {
    try {
      return cheap ? check(value) : withinTime(checkMs, () => check(value));
    } catch {
      // Out of time or out of stack, by a schema that was made for it or by a value that is.
      return `${words.value} cannot be checked against the ${words.schema} in reasonable time`;
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
