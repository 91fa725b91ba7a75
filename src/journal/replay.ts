import { describe, GateError } from '../core/errors.ts';
import { parseJson } from '../core/parse-json.ts';
import type { ActivePolicy } from '../policy/contract.ts';
import type { Decision } from '../policy/decision.ts';
import { inputSchema, type PolicyInput } from '../policy/input.ts';
import { effective, hasLastWord, viewOf } from '../policy/ruling.ts';
import type { BundleRow, Reader, StoredEntry } from '../store/contract.ts';
import { rulesLimit } from './decision-fields.ts';
import { type EditedDecision, type RecordedDecision, readDecision } from './read-decision.ts';

export interface ReplayParts {
  readonly store: Pick<Reader, 'journal' | 'payload' | 'bundle'>;
  /** Loads a bundle that the store kept. The caller closes what it gets. */
  readonly load: (bundle: BundleRow) => Promise<ActivePolicy>;
  /** Decide under this policy instead of the recorded one. */
  readonly instead: ActivePolicy | undefined;
}

export type ReplayVerdict = 'reproduced' | 'drift' | 'undecidable';

export interface Side {
  readonly outcome: string;
  readonly policy_digest: string | null;
  readonly rules: readonly string[];
}

export interface ReplayedDecision {
  readonly decision_id: string;
  readonly recorded: Side;
  readonly replayed: Side | null;
  readonly verdict: ReplayVerdict;
  /** What is missing, or which part of the engine is another one now. */
  readonly reason: string | null;
  /** Present where a person had changed the arguments. */
  readonly edited?: EditedDecision;
}

export interface Replay {
  readonly trace_id: string;
  readonly verdict: ReplayVerdict;
  readonly decisions: readonly ReplayedDecision[];
}

/** Decides every decision of a trace again, from the input that was recorded. `target`: a trace, a decision, or `last`. */
export async function replay(parts: ReplayParts, target: string): Promise<Replay> {
  const entries = entriesOf(parts.store, target);
  const recorded = entries.map(readDecision);
  const decisions: ReplayedDecision[] = [];
  for (const each of recorded) decisions.push(await redecide(parts, each));
  const verdicts = decisions.map((each) => each.verdict);
  const worst = (['undecidable', 'drift'] as const).find((each) => verdicts.includes(each));
  return { trace_id: recorded[0]?.traceId ?? '', verdict: worst ?? 'reproduced', decisions };
}

function entriesOf({ journal }: ReplayParts['store'], target: string): readonly StoredEntry[] {
  const last = target === 'last' ? journal.last(1, ['decision'])[0]?.traceId : undefined;
  const single = target === 'last' ? undefined : journal.decision(target);
  if (single !== undefined) return [single];
  const trace = journal.trace(last ?? target).filter((entry) => entry.kind === 'decision');
  if (trace.length > 0) return trace;
  const message =
    target === 'last' ? 'the journal holds no decision' : `no trace or decision "${target}"`;
  throw new GateError('not_found', message, { hint: 'mcp-gate trace lists the last ones' });
}

async function redecide(parts: ReplayParts, recorded: RecordedDecision): Promise<ReplayedDecision> {
  const before: Side = {
    outcome: recorded.outcome,
    policy_digest: recorded.policyDigest,
    rules: recorded.rules,
  };
  const report = (verdict: ReplayVerdict, replayed: Side | null, reason: string | null) => {
    const { decisionId: decision_id, edited } = recorded;
    const more = edited === undefined ? {} : { edited };
    return { decision_id, recorded: before, replayed, verdict, reason, ...more };
  };
  const ready = prepare(parts, recorded);
  if ('reason' in ready) return report('undecidable', null, ready.reason);
  try {
    const { raw, after } = await decideAgain(parts, ready);
    const word = lastWordOf(recorded);
    const same =
      (word === undefined ? after.outcome === before.outcome : raw === recorded.rawOutcome) &&
      (parts.instead !== undefined || sameRules(after, before, word));
    return report(same ? 'reproduced' : 'drift', after, null);
  } catch (thrown) {
    return report('undecidable', null, `policy could not decide: ${describe(thrown)}`);
  }
}

interface Ready {
  readonly input: PolicyInput;
  readonly inputText: string;
  readonly bundle: BundleRow | undefined;
}

function prepare(
  { store, instead }: ReplayParts,
  recorded: RecordedDecision,
): Ready | { readonly reason: string } {
  if (!recorded.askedPolicy) return { reason: 'the gate refused before policy was asked' };
  const payload = store.payload(recorded.decisionId);
  if (payload === undefined) return { reason: 'the input was not kept, or has expired' };
  const inputText = payload.toString();
  const parsed = inputSchema.safeParse(parseJson(inputText));
  if (!parsed.success) return { reason: 'the input has the form of another version' };
  const input = parsed.data;
  if (instead !== undefined) return { input, inputText, bundle: undefined };
  const bundle = recorded.policyDigest === null ? undefined : store.bundle(recorded.policyDigest);
  if (bundle === undefined) return { reason: 'the policy bundle of that time is not kept' };
  return { input, inputText, bundle };
}

async function decideAgain(
  parts: ReplayParts,
  { input, inputText, bundle }: Ready,
): Promise<{ readonly raw: string; readonly after: Side }> {
  const policy = parts.instead ?? (bundle && (await parts.load(bundle)));
  if (policy === undefined) throw new GateError('policy_missing', 'no policy to decide with');
  try {
    const raw = await policy.decide(inputText);
    const after = sideOf(effective(raw, viewOf(input)), policy.version.digest);
    return { raw: raw.outcome, after };
  } finally {
    if (policy !== parts.instead) await policy.close();
  }
}

function sideOf(decision: Decision, digest: string): Side {
  const rules = decision.rules.map((rule) => rule.id);
  return { outcome: decision.outcome, policy_digest: digest, rules };
}

/** What the gate could not carry out it denied after policy had spoken: then policy's own word is compared. */
function lastWordOf({ outcome, rawOutcome, rules: [rule] }: RecordedDecision): string | undefined {
  return outcome === 'deny' && rawOutcome !== 'deny' && hasLastWord(rule) ? rule : undefined;
}

function sameRules(after: Side, recorded: Side, word: string | undefined): boolean {
  // Of what is hidden no rules are told, not even here.
  if (word !== undefined && recorded.rules.length === 1) return true;
  const rules = word === undefined ? after.rules : [word, ...after.rules];
  const kept = rules.slice(0, rulesLimit);
  return kept.length === recorded.rules.length && kept.every((id, at) => id === recorded.rules[at]);
}
