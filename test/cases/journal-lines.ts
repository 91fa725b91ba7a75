import { isObject, type Json, type JsonObject } from '../../src/core/json.ts';
import type { Store } from '../../src/store/contract.ts';

type Entries = ReturnType<Store['journal']['range']>;

/** The journal in lines, one for each entry, without what differs every time. */
export function journalLines(entries: Entries): string[] {
  const bodies = entries.map(({ kind, body }) => ({ kind, body: objectOf(JSON.parse(body)) }));
  const decisions = bodies
    .filter(({ kind }) => kind === 'decision')
    .map(({ body }) => body['decision_id']);
  /** Decisions are counted from one. */
  const numberOf = (id: Json | undefined) => decisions.indexOf(id) + 1;
  return bodies.map(({ kind, body }) => {
    if (kind === 'decision') return `decision: ${decisionLine(body, numberOf)}`;
    if (kind === 'outcome') return `outcome: ${outcomeLine(body, numberOf)}`;
    return kind;
  });
}

/** Whether every decision that was let through has its outcome. */
export function isSettled(entries: Entries): boolean {
  const idsOf = (wanted: string, isIt: (body: JsonObject) => boolean) =>
    entries
      .filter(({ kind }) => kind === wanted)
      .map(({ body }) => objectOf(JSON.parse(body)))
      .flatMap((body) => (isIt(body) ? [body['decision_id']] : []));
  const over = new Set(idsOf('outcome', () => true));
  return idsOf('decision', (body) => body['forwarded'] === true).every((id) => over.has(id));
}

type NumberOf = (id: Json | undefined) => number;

function decisionLine(body: JsonObject, numberOf: NumberOf): string {
  const rules = listOf(body['rules']).map((rule) => String(objectOf(rule)['id']));
  const parts = [
    `${body['outcome']} by ${rules.join(' ')}`,
    body['enforced'] === true ? 'enforced' : 'observed',
    body['forwarded'] === true ? 'forwarded' : 'stopped',
  ];
  if (body['rewrites'] !== null) parts.push(`rewrites ${numberOf(body['rewrites'])}`);
  const { edited } = body;
  if (isObject(edited)) parts.push(`changed by ${edited['by']}`);
  return parts.join(', ');
}

function outcomeLine(body: JsonObject, numberOf: NumberOf): string {
  const parts = [String(body['status'])];
  const isAnswer = body['output_hash'] !== null;
  if (isAnswer && body['is_error'] === true) parts.push('error');
  const adapted = listOf(body['adapted']);
  if (adapted.length > 0) parts.push(`adapted ${adapted.join(' ')}`);
  if (body['result_of'] !== null) parts.push(`result of ${numberOf(body['result_of'])}`);
  if (body['cost_usd'] !== null) parts.push(`cost ${body['cost_usd']}`);
  return parts.join(', ');
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}
