import type { Json } from '../../core/json.ts';
import type { Detector } from '../../facts/detectors/detector.ts';
import type { Pointer } from './pointer.ts';

/** What a decision's obligations ask for, all of them together, known to be possible before the call runs. */
export interface Plan {
  readonly kind: 'plan';
  /** What is redacted wherever it is found. */
  readonly marks: readonly Mark[];
  /** What is redacted where it stands. */
  readonly pointers: readonly Pointer[];
  readonly replacements: readonly Replacement[];
  /** The whole result is withheld when one of them finds something. */
  readonly withheld: readonly Mark[];
  /** The bytes that all texts of a result may have together. */
  readonly maxTextBytes: number | undefined;
  readonly limit: Limit;
  readonly notify: readonly Channel[];
  /** The key under which the call counts once, as policy wants it. */
  readonly idempotencyKey: string | undefined;
}

/** A detector, and what stands in the place of what it finds. */
export interface Mark {
  readonly detector: Detector;
  readonly tag: string;
  /** Whether it is a class of data, which the journal names, or a rule's own pattern. */
  readonly isClass: boolean;
}

export interface Replacement {
  readonly pointer: Pointer;
  readonly value: Json;
}

/** What the gate sees to while a call runs; `maxResultBytes` holds for results that were adapted as well. */
export interface Limit {
  readonly timeoutMs: number | undefined;
  readonly maxResultBytes: number | undefined;
}

export type Channel = 'log';

export interface Fault {
  readonly kind: 'fault';
  readonly reason: string;
}

/** What stands where a value was that a pointer names. */
export const pointerTag = '[REDACTED]';

/** What stands where a value was that was found. A pattern is told without what would break a text in a text. */
export function tagOf(name: string): string {
  return `[REDACTED:${name.replaceAll(/[^\w .:*+?^$()|{}[\]<>=!@#%&,;-]/g, '').slice(0, 40)}]`;
}

/** Whether a result need not be looked into. */
export function concernsNoResult(plan: Plan): boolean {
  const { marks, pointers, replacements, withheld, maxTextBytes } = plan;
  const lists = [marks, pointers, replacements, withheld];
  return maxTextBytes === undefined && lists.every((list) => list.length === 0);
}
