import { type BigIntStats, statSync } from 'node:fs';
import { describe, GateError } from '../core/errors.ts';
import type { Config } from './config.ts';
import { type LoadOptions, loadConfig } from './load.ts';

const pollMs = 300;

type ConfigChange =
  | { readonly kind: 'loaded'; readonly config: Config }
  | { readonly kind: 'failed'; readonly error: GateError };

/**
 * Looks at the file three times a second and reports what a change of it made: a config, or why there is none and the old
 * one stays in force. It keeps no process alive; the returned function ends it.
 */
export function watchConfig(
  file: string,
  options: LoadOptions,
  onChange: (change: ConfigChange) => void,
): () => void {
  let seen = stamp(file);
  const timer = setInterval(() => {
    const now = stamp(file);
    if (now === seen) return;
    seen = now;
    onChange(load(file, options));
  }, pollMs);
  timer.unref();
  return () => clearInterval(timer);
}

function load(file: string, options: LoadOptions): ConfigChange {
  try {
    return { kind: 'loaded', config: loadConfig(file, options) };
  } catch (error) {
    const known = error instanceof GateError;
    return {
      kind: 'failed',
      error: known ? error : new GateError('config_invalid', describe(error), { cause: error }),
    };
  }
}

function stamp(file: string): string {
  let stats: BigIntStats | undefined;
  try {
    stats = statSync(file, { bigint: true, throwIfNoEntry: false });
  } catch {
    // A file that cannot even be looked at counts as missing; loading it says why.
  }
  return stats === undefined ? 'missing' : `${stats.ino}:${stats.mtimeNs}:${stats.size}`;
}
