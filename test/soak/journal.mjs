/** What the journal of a gate that has ended says about the calls of a run. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * `traces` are those of calls that were answered, each in a trace of its own. Every one must have one decision and one outcome
 * of it, and no decision may be without an outcome.
 */
export async function checkJournal({ dist, stateDir, traces }) {
  const driver = await import(pathToFileURL(path.join(dist, 'store', 'driver.js')));
  const database = new (driver.loadDriver().DatabaseSync)(path.join(stateDir, 'gate.db'));
  try {
    const rows = database
      .prepare(
        "SELECT kind, trace_id, decision_id FROM journal WHERE kind IN ('decision', 'outcome')",
      )
      .all();
    const of = (kind) => rows.filter((row) => row.kind === kind);
    const [decisions, outcomes] = [of('decision'), of('outcome')];
    const ended = new Set(outcomes.map(({ decision_id: id }) => id));
    const decided = new Map(decisions.map((row) => [row.trace_id, row.decision_id]));
    return {
      decisions: decisions.length,
      outcomes: outcomes.length,
      withoutDecision: traces.filter((trace) => !decided.has(trace)).length,
      withoutOutcome: traces.filter((trace) => !ended.has(decided.get(trace))).length,
      open: decisions.filter(({ decision_id: id }) => !ended.has(id)).length,
    };
  } finally {
    database.close();
  }
}
