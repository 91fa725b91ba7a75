import type { Json } from '../core/json.ts';
import { type ArgumentCheck, createArgumentCheck } from './input-schema.ts';

/**
 * The checks of all pools of a gate, by the digest of the tool's definition: to compile one takes milliseconds, and every
 * pool lists the same tools. Each is kept for as long as one of them does.
 */
export class ArgumentChecks {
  readonly #checks = new Map<string, WeakRef<ArgumentCheck>>();
  readonly #gone = new FinalizationRegistry<string>((digest) => {
    if (this.#checks.get(digest)?.deref() === undefined) this.#checks.delete(digest);
  });

  /** `digest` is of the whole definition that `inputSchema` stands in. */
  of(digest: string | undefined, inputSchema: Json | undefined): ArgumentCheck {
    if (digest === undefined) return createArgumentCheck(inputSchema);
    const known = this.#checks.get(digest)?.deref();
    if (known !== undefined) return known;
    const check = createArgumentCheck(inputSchema);
    this.#checks.set(digest, new WeakRef(check));
    this.#gone.register(check, digest);
    return check;
  }
}
