import { isObject, type Json, type JsonObject } from '../core/json.ts';
import { printable } from '../core/printable.ts';
import type { Paint } from './io.ts';

/** A decision in one line, for a list of many. */
export function decisionLine(entry: JsonObject, paint: Paint): string {
  const trace = word(entry['trace_id']).slice(-8);
  return `${word(entry['time'])}  ${trace}  ${outcomeWord(entry, paint)}  ${target(entry)}  ${rules(entry)}`;
}

/** An entry of a trace: a line for what happened, and one for each thing that it rests on. */
export function entryLines(entry: JsonObject, paint: Paint): string[] {
  const kind = word(entry['kind']);
  const head = (what: string) => `${word(entry['time'])}  ${kind.padEnd(18)}  ${what}`;
  switch (kind) {
    case 'decision':
      return [
        head(`${outcomeWord(entry, paint)}  ${target(entry)}`),
        ...observedLines(entry, paint),
        ...editedLines(entry),
        ...facts(entry, [
          ['decision', 'decision_id'],
          ['rules', 'rules'],
          ['reason', 'reason'],
          ['error', 'error'],
          ['approval', 'approval_id'],
        ]),
      ];
    case 'outcome': {
      const status = `${word(entry['status'])}${entry['is_error'] === true ? ', with an error' : ''}`;
      return [
        head(`${status}  ${target(entry)}  ${word(entry['duration_ms'])} ms`),
        ...facts(entry, [
          ['decision', 'decision_id'],
          ['reason', 'reason'],
        ]),
      ];
    }
    default:
      return [
        head(word(entry['approval_id'])),
        ...facts(entry, [
          ['by', 'approver'],
          ['by', 'withdrawn_by'],
          ['by', 'cancelled_by'],
          ['changed', 'edited_from'],
          ['rules', 'rules'],
          ['reason', 'reason'],
          ['expires', 'expires'],
          ['used by', 'consumed_by'],
          ['grant', 'grant_id'],
          ['differs', 'differs'],
          ['from', 'differs_from'],
        ]),
      ];
  }
}

const colours = { deny: 'red', escalate: 'yellow', allow: 'green' } as const;

// In observe mode the call went through whatever was decided.
function outcomeWord(entry: JsonObject, paint: Paint): string {
  const outcome = word(entry['outcome']);
  const colour = Object.entries(colours).find(([name]) => name === outcome)?.[1] ?? 'cyan';
  const shown = paint(colour, outcome.padEnd(8));
  return entry['enforced'] === false ? `${shown} ${paint('dim', '(observed)')}` : shown;
}

/** What a decision that did not bind would have done to the call. */
const wouldHave: Readonly<Record<string, string>> = {
  deny: 'been denied',
  simulate: 'been simulated',
  compute: 'run in another form',
  escalate: 'waited for a person',
  reuse: 'been answered from a record',
  adapt: 'had its result changed',
};

function observedLines(entry: JsonObject, paint: Paint): string[] {
  const would = wouldHave[word(entry['outcome'])];
  if (entry['enforced'] !== false || would === undefined) return [];
  return [`  ${'observed'.padEnd(9)} ${paint('dim', `enforced, it would have ${would}`)}`];
}

/** The arguments are a person's: whose, and in the place of which decision's. */
function editedLines({ edited, rewrites }: JsonObject): string[] {
  if (!isObject(edited)) return [];
  const by = `${word(edited['by'])} (${word(edited['approval_id'])})`;
  return [`  ${'changed'.padEnd(9)} by ${by}, in the place of decision ${word(rewrites)}`];
}

function target(entry: JsonObject): string {
  const action = word(entry['action']);
  const name = `${word(entry['server'])}/${word(entry['tool'])}`;
  return action === '' || action === 'tools/call' ? name : `${action} ${name}`;
}

function rules(entry: JsonObject): string {
  return text(entry['rules']);
}

function facts(
  entry: JsonObject,
  labels: readonly (readonly [label: string, member: string])[],
): string[] {
  return labels.flatMap(([label, member]) => {
    const value = text(entry[member]);
    return value === '' ? [] : [`  ${label.padEnd(9)} ${value}`];
  });
}

function text(value: Json | undefined): string {
  return Array.isArray(value) ? value.map(ruleId).join(', ') : word(value);
}

function ruleId(rule: Json): string {
  return isObject(rule) ? word(rule['id']) : word(rule);
}

// Reasons and names come from policies, tool servers and agents.
function word(value: Json | undefined): string {
  if (value === undefined || value === null) return '';
  return printable(typeof value === 'string' ? value : JSON.stringify(value));
}
