import { canonical } from '../../core/canonical.ts';
import type { Channel, Mark, Plan, Replacement } from './plan.ts';
import type { Pointer } from './pointer.ts';

/** A plan while obligation after obligation adds to it. */
export interface Draft {
  /** By class. */
  readonly marks: Map<string, Mark>;
  readonly withheld: Map<string, Mark>;
  /** By their text. */
  readonly patterns: Map<string, Mark>;
  readonly pointers: Map<string, Pointer>;
  readonly replacements: Map<string, Replacement>;
  readonly notify: Set<Channel>;
  maxTextBytes: number | undefined;
  timeoutMs: number | undefined;
  maxResultBytes: number | undefined;
  idempotencyKey: string | undefined;
}

export function newDraft(): Draft {
  return {
    marks: new Map(),
    withheld: new Map(),
    patterns: new Map(),
    pointers: new Map(),
    replacements: new Map(),
    notify: new Set(),
    maxTextBytes: undefined,
    timeoutMs: undefined,
    maxResultBytes: undefined,
    idempotencyKey: undefined,
  };
}

/** Two values for one place cannot both be had. */
export function addReplacement(draft: Draft, replacement: Replacement): string | undefined {
  const { text } = replacement.pointer;
  const other = draft.replacements.get(text);
  if (other !== undefined && canonical(other.value) !== canonical(replacement.value)) {
    return `"${text}" is to become two different values`;
  }
  draft.replacements.set(text, replacement);
  return undefined;
}

export function planOf(draft: Draft): Plan {
  return {
    kind: 'plan',
    marks: [...draft.marks.values(), ...draft.patterns.values()],
    pointers: [...draft.pointers.values()],
    replacements: [...draft.replacements.values()],
    withheld: [...draft.withheld.values()],
    maxTextBytes: draft.maxTextBytes,
    limit: { timeoutMs: draft.timeoutMs, maxResultBytes: draft.maxResultBytes },
    notify: [...draft.notify],
    idempotencyKey: draft.idempotencyKey,
  };
}

/** For a call of which policy asks nothing. */
export const noObligations: Plan = planOf(newDraft());
