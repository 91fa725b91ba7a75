import type { InflightRow, PostedPayload, Posting } from '../store/contract.ts';
import {
  type DecisionFacts,
  decisionEntry,
  journalName,
  type OutcomeFacts,
  outcomeEntry,
} from './entries.ts';

/** A decision with the input it rests on, and its place among the calls in flight if it goes on to its target. */
export function decisionPosting(facts: DecisionFacts): Posting {
  const { inputText, call, standing } = facts.decided;
  const { rewritten } = standing;
  return {
    entry: decisionEntry(facts),
    commitments: {
      arguments_hash: call.argumentsText,
      input_hash: inputText,
      ...(rewritten !== undefined && { asked_hash: rewritten.asked.argumentsText }),
    },
    payload: facts.inputExpiresMs === undefined ? undefined : inputOf(facts, facts.inputExpiresMs),
    begins: facts.forwarded ? inflightOf(facts) : undefined,
    ends: false,
  };
}

export function outcomePosting(facts: OutcomeFacts): Posting {
  const none = { commitments: {}, payload: undefined, begins: undefined };
  return { entry: outcomeEntry(facts), ...none, ends: true };
}

function inputOf({ decided }: DecisionFacts, expiresMs: number): PostedPayload {
  return { id: decided.decisionId, kind: 'input', commitment: 'input_hash', expiresMs };
}

function inflightOf({ decided, instance }: DecisionFacts): InflightRow {
  const { decisionId, call, nowMs } = decided;
  const { traceId, server } = call;
  const tool = journalName(call);
  return { decisionId, traceId, instance, server, tool, startedMs: nowMs };
}
