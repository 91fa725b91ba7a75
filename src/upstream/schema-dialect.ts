import { Ajv, type Options } from 'ajv';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Json, JsonObject } from '../core/json.ts';

/** One revision of JSON Schema. */
export interface Dialect {
  /** A validator that knows nothing yet, not even the dialect's own schema. */
  create(options: Options): Ajv;
  /** What is wrong with a schema by the dialect's own schema; undefined when nothing is. */
  fault(schema: JsonObject): string | undefined;
}

const draft2020 = dialect((options) => new Ajv2020(options));
const draft2019 = dialect((options) => new Ajv2019(options));
const draft07 = dialect((options) => new Ajv(options));

const byUri = [
  [/^https?:\/\/json-schema\.org\/draft\/2020-12\/schema#?$/, draft2020],
  [/^https?:\/\/json-schema\.org\/draft\/2019-09\/schema#?$/, draft2019],
  [/^https?:\/\/json-schema\.org\/draft-0[67]\/schema#?$/, draft07],
] as const;

/** The dialect that `$schema` names, 2020-12 when there is none; undefined for those that nobody here speaks. */
export function dialectOf($schema: Json | undefined): Dialect | undefined {
  if ($schema === undefined) return draft2020;
  return typeof $schema === 'string' ? byUri.find(([uri]) => uri.test($schema))?.[1] : undefined;
}

/** Makes the usual dialect ready, which takes about a tenth of a second once, before a call has to wait for it. */
export function warmDialect(): void {
  draft2020.fault({});
}

function dialect(create: (options: Options) => Ajv): Dialect {
  // It never keeps a stranger's schema: it only looks at them.
  let meta: Ajv | undefined;
  const fault = (schema: JsonObject): string | undefined => {
    meta ??= create({ strict: false, logger: false });
    if (meta.validateSchema(schema) === true) return undefined;
    return meta.errorsText(meta.errors, { dataVar: 'schema' });
  };
  return { create, fault };
}
