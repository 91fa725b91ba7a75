import * as z from 'zod';
import { GateError } from '../core/errors.ts';
import { parseJson } from '../core/parse-json.ts';
import type { StoredEntry } from '../store/contract.ts';

/** What replay and listings need of a decision entry. */
export interface RecordedDecision {
  readonly decisionId: string;
  readonly traceId: string;
  readonly outcome: string;
  readonly rules: readonly string[];
  readonly policyDigest: string | null;
  /** What policy itself had said; undefined where it was not asked. */
  readonly rawOutcome: string | undefined;
  /** False where the gate refused by itself: frozen, invalid arguments, a protected path, no policy. */
  readonly askedPolicy: boolean;
  /** Where the arguments are a person's: who wrote them, in which approval, and the decision about those that they took the place of. */
  readonly edited: EditedDecision | undefined;
}

export interface EditedDecision {
  readonly approval_id: string;
  readonly by: string | null;
  readonly in_place_of: string | null;
}

const body = z.looseObject({
  decision_id: z.string(),
  trace_id: z.string(),
  outcome: z.string(),
  raw_outcome: z.string().nullable(),
  rules: z.array(z.looseObject({ id: z.string() })),
  policy: z.looseObject({ digest: z.string() }).nullable(),
  rewrites: z.string().nullish(),
  edited: z.looseObject({ approval_id: z.string(), by: z.string().nullable() }).optional(),
});

export function readDecision(entry: StoredEntry): RecordedDecision {
  const parsed = body.safeParse(parseJson(entry.body));
  if (!parsed.success) {
    throw new GateError(
      'not_found',
      `journal entry ${entry.seq} is not a decision of this version`,
    );
  }
  const { decision_id, trace_id, outcome, raw_outcome, rules, policy, edited } = parsed.data;
  const { rewrites = null } = parsed.data;
  return {
    decisionId: decision_id,
    traceId: trace_id,
    outcome,
    rules: rules.map((rule) => rule.id),
    policyDigest: policy?.digest ?? null,
    rawOutcome: raw_outcome ?? undefined,
    askedPolicy: raw_outcome !== null,
    edited: edited && {
      approval_id: edited.approval_id,
      by: edited.by,
      in_place_of: rewrites,
    },
  };
}
