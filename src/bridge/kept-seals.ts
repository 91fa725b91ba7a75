import { hkdfSync } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Clock } from '../core/clock.ts';
import { bridgeLimits } from './limits.ts';
import { createFile } from './new-file.ts';
import type { Seals, Used } from './request-state.ts';
import { keyBytes, takeKey } from './seal-key.ts';

export interface KeptSealsOptions {
  /** For the user alone; made when it is missing. All gates of one state folder share it. */
  readonly folder: string;
  /** Whose seals these are: those of another gate do not open, though the key lies in the same place. */
  readonly gate: string;
  readonly clock: Clock;
  readonly limit?: number;
}

/**
 * Seals that outlive the process. Each use of a state is a file of its own, made before anything is done with the state and
 * thrown away when the state would have expired anyway. Only one process can make it; a crash behind that leaves a state that
 * is used up, and the client asks anew. Throws when the key cannot be had.
 */
export function keepSeals({ folder, gate, clock, limit }: KeptSealsOptions): Seals {
  const used = path.join(folder, 'used');
  mkdirSync(used, { recursive: true, mode: 0o700 });
  const key = hkdfSync('sha256', takeKey(folder), '', `mcp-gate seals ${gate}`, keyBytes);
  const most = limit ?? bridgeLimits.usedStates;
  return { key: Buffer.from(key), used: new UsedFiles(used, clock, most) };
}

const sweepMs = 60_000;

/** The states that were used, each as a file whose name says until when it matters. */
class UsedFiles implements Used {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #limit: number;
  #sweptMs = Number.NEGATIVE_INFINITY;
  /** About how many there are: other gates make some too. */
  #files = 0;

  constructor(folder: string, clock: Clock, limit: number) {
    this.#folder = folder;
    this.#clock = clock;
    this.#limit = limit;
  }

  use(nonce: string, expiresMs: number): boolean {
    const nowMs = this.#clock();
    if (expiresMs <= nowMs) return false;
    try {
      if (nowMs - this.#sweptMs >= sweepMs || nowMs < this.#sweptMs) this.#sweep(nowMs);
      if (this.#files >= this.#limit) return false;
      const name = `${expiresMs}-${Buffer.from(nonce, 'latin1').toString('hex')}`;
      createFile(path.join(this.#folder, name));
      this.#files += 1;
      return true;
    } catch {
      // Used before, or it cannot be recorded: then nobody could tell the second time.
      return false;
    }
  }

  #sweep(nowMs: number): void {
    const names = readdirSync(this.#folder);
    const over = names.filter((name) => Number(name.split('-')[0]) <= nowMs);
    for (const name of over) rmSync(path.join(this.#folder, name), { force: true });
    this.#files = names.length - over.length;
    this.#sweptMs = nowMs;
  }
}
