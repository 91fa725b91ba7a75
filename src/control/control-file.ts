import { type BigIntStats, existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { CallScope } from '../core/call-scope.ts';
import {
  controlBytesLimit,
  covers,
  documentText,
  type Freeze,
  controlFileName as fileName,
  isUnscoped,
  noControl,
  parseControl,
} from './control-document.ts';
import { createFile } from './durable-file.ts';

/** What the operator demands at this moment. */
export interface ControlState {
  /** Of the document; undefined where there is none, or none that can be read. */
  readonly rev: number | undefined;
  /** Why everything is stopped: the reason of a freeze without a scope, or what is wrong with the document. */
  readonly freeze: string | undefined;
  readonly freezes: readonly Freeze[];
  readonly mode: 'enforce' | undefined;
}

/**
 * The operator's document in a state folder. `current` never throws and costs one `stat` a tick when nothing changed, so it
 * is asked before every decision. What cannot be read freezes: a file that is missing after `ensure` ran once in this folder,
 * one that is malformed, one that this user may not open.
 */
export interface Control {
  current(): ControlState;
  /** Why calls of this scope are stopped; undefined when they are not. */
  frozen(scope: CallScope): string | undefined;
  /** Makes the document when a gate starts here for the first time. */
  ensure(): void;
}

// Says that the document existed, so that deleting it stops the gate instead of lifting a freeze.
const markerName = 'control.started';
// A file system's clock may tick this slowly: two edits within one tick look alike.
const tickMs = 20;

const nothing = { rev: undefined, freeze: undefined, freezes: [], mode: undefined };
const untouched: ControlState = nothing;
const missing: ControlState = {
  ...nothing,
  freeze: `"${fileName}" is missing from the state folder`,
};
const unreadable: ControlState = {
  ...nothing,
  freeze: `"${fileName}" in the state folder cannot be read`,
};

export function createControl(dir: string): Control {
  const path = join(dir, fileName);
  const marker = join(dir, markerName);
  let ensured = false;
  let cached: { readonly stats: BigIntStats; readonly state: ControlState } | undefined;
  let thisTick: ControlState | undefined;

  const read = (): ControlState => {
    const stats = look(path);
    if (stats === 'unreadable') return unreadable;
    if (stats === undefined) return ensured || existsSync(marker) ? missing : untouched;
    if (cached !== undefined && isSame(cached.stats, stats)) return cached.state;
    const state = stateOf(path, stats.size);
    const settled = Date.now() - Number(stats.ctimeNs / 1_000_000n) > tickMs;
    cached = settled ? { stats, state } : undefined;
    return state;
  };

  // All that one tick handles had been received when it began, so it is judged by what is found at its first call. A tick
  // is over when its promise callbacks have run: a next tick that one of them asks for comes after all of them.
  const current = (): ControlState => {
    if (thisTick === undefined) {
      thisTick = read();
      queueMicrotask(() => process.nextTick(forget));
    }
    return thisTick;
  };
  const forget = (): void => {
    thisTick = undefined;
  };

  return {
    current,
    frozen: (scope) => {
      const { freeze, freezes } = current();
      return freeze ?? reasonOf(freezes.find((each) => covers(each, scope)));
    },
    // The document goes first: with the marker first, a crash in between would leave the gate frozen.
    ensure() {
      if (!existsSync(marker)) {
        // Nobody's freeze of this moment is replaced by it.
        createFile(path, documentText({ ...noControl, rev: 1 }));
        createFile(marker, '');
      }
      ensured = true;
      forget();
    },
  };
}

function stateOf(path: string, size: bigint): ControlState {
  if (size > BigInt(controlBytesLimit)) return unreadable;
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    // The reason is not told to agents; `status` shows that the file cannot be read.
    return unreadable;
  }
  const document = parseControl(text);
  if (document === undefined) return unreadable;
  const { rev, freezes, mode } = document;
  return { rev, freeze: reasonOf(freezes.find(isUnscoped)), freezes, mode: mode ?? undefined };
}

function reasonOf(freeze: Freeze | undefined): string | undefined {
  return freeze?.reason === '' ? 'no reason given' : freeze?.reason;
}

function isSame(a: BigIntStats, b: BigIntStats): boolean {
  return a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs && a.size === b.size && a.ino === b.ino;
}

function look(path: string): BigIntStats | undefined | 'unreadable' {
  try {
    return statSync(path, { bigint: true });
  } catch (thrown) {
    // Only this means missing: Node 24 would take a file in the place of the folder for it, too.
    const isMissing = thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';
    return isMissing ? undefined : 'unreadable';
  }
}
