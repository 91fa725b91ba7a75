import { bounded, divide } from './money.ts';

/** What calls are counted by. Calls with the same values share one count. */
export const budgetScopes = ['subject', 'session', 'server', 'tool', 'model', 'global'] as const;
export type BudgetScope = (typeof budgetScopes)[number];

export const budgetAnswers = ['deny', 'escalate', 'simulate'] as const;
/** What becomes of a call for which there is no room. */
export type OnExceed = (typeof budgetAnswers)[number];

/** How much may be spent in one window of time. */
export interface Budget {
  readonly id: string;
  /** `model` is the caller's own word: who names another one counts anew. */
  readonly scope: readonly BudgetScope[];
  /** Windows follow one another from the Unix epoch on, in UTC. */
  readonly windowMs: number;
  readonly limit: Amounts<number | undefined>;
  readonly onExceed: OnExceed;
  /** Only calls to these servers count; undefined is all. */
  readonly servers: ReadonlySet<string> | undefined;
  /** Only calls of these tools count, each as `tool` or `server/tool`; undefined is all. */
  readonly tools: ReadonlySet<string> | undefined;
}

/** What is counted: calls, bytes of arguments and results, millionths of a US dollar. */
export interface Amounts<T = number> {
  readonly calls: T;
  readonly microUsd: T;
  readonly bytes: T;
}

/** What calls of a tool cost, in billionths of a US dollar. A KB is 1000 bytes; parts of one count as such. */
export interface Tariff {
  readonly perCall: bigint;
  readonly perKbIn: bigint;
  readonly perKbOut: bigint;
  /** JSON pointer into the result to what the call did cost; only of servers that are trusted. */
  readonly reported: string | undefined;
}

export const noTariff: Tariff = { perCall: 0n, perKbIn: 0n, perKbOut: 0n, reported: undefined };

/** Millionths of a US dollar, rounded up once, at the end. Without `bytesOut`: what is known before the call. */
export function tariffCost(tariff: Tariff, bytesIn: number, bytesOut = 0): number {
  const perKb = tariff.perKbIn * BigInt(bytesIn) + tariff.perKbOut * BigInt(bytesOut);
  return bounded(divide(tariff.perCall * 1000n + perKb, 1_000_000n, 'up'));
}
