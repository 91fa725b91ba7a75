import { describe } from '../core/errors.ts';
import type { ClientHello } from './contract.ts';
import type { Run, RunParts } from './run.ts';
import type { RemoteSpec } from './server-spec.ts';

/** The run of a remote server, whose code is loaded with the first of them: gates without any must not wait for it. */
export class LateRun implements Run {
  readonly #parts: RunParts;
  readonly #loaded: Promise<Run | undefined>;

  constructor(spec: RemoteSpec, parts: RunParts) {
    this.#parts = parts;
    this.#loaded = this.#load(spec);
  }

  async open(hello: ClientHello): Promise<void> {
    await (await this.#loaded)?.open(hello);
  }

  async end(reason: string): Promise<void> {
    await (await this.#loaded)?.end(reason);
  }

  async #load(spec: RemoteSpec): Promise<Run | undefined> {
    try {
      const { startRemote } = await import('./http/remote-run.ts');
      return startRemote(spec, this.#parts);
    } catch (error) {
      this.#parts.events.onOver(`remote servers cannot be used: ${describe(error)}`);
      return undefined;
    }
  }
}
