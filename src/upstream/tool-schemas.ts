import type { JsonObject } from '../core/json.ts';
import type { OutputSchema } from '../core/tool-call.ts';
import { type ArgumentCheck, createArgumentCheck } from './input-schema.ts';
import { createOutputSchema } from './output-schema.ts';

/** Each compiled when it is first needed. */
export interface ToolSchemas {
  readonly check: ArgumentCheck;
  readonly output: OutputSchema | undefined;
}

/**
 * The schemas of all pools of a gate, by the digest of the tool's definition: to compile one takes milliseconds, and every
 * pool lists the same tools. Each is kept for as long as one of them does.
 */
export class KnownSchemas {
  readonly #known = new Map<string, WeakRef<ToolSchemas>>();
  readonly #gone = new FinalizationRegistry<string>((digest) => {
    if (this.#known.get(digest)?.deref() === undefined) this.#known.delete(digest);
  });

  /** `digest` is of the whole definition; undefined for one that is not remembered. */
  of(digest: string | undefined, definition: JsonObject): ToolSchemas {
    if (digest === undefined) return schemasOf(definition);
    const known = this.#known.get(digest)?.deref();
    if (known !== undefined) return known;
    const schemas = schemasOf(definition);
    this.#known.set(digest, new WeakRef(schemas));
    this.#gone.register(schemas, digest);
    return schemas;
  }
}

function schemasOf(definition: JsonObject): ToolSchemas {
  return {
    check: createArgumentCheck(definition['inputSchema']),
    output: createOutputSchema(definition['outputSchema']),
  };
}
