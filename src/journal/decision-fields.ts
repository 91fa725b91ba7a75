import { frozen } from '../core/frozen.ts';
import type { Json, JsonObject } from '../core/json.ts';
import { once } from '../core/once.ts';
import { shortened } from '../core/shortened.ts';
import type { PolicyVersion } from '../policy/contract.ts';
import type { Decision, Rule } from '../policy/decision.ts';
import type { PolicyInput } from '../policy/input.ts';

/** An entry names so many rules at most. */
export const rulesLimit = 32;

// What entries have in common is frozen: the store puts it into text once.
export const engineOf = shared(engineFields);
export const policyOf = shared(policyFields);
export const saidBy = shared(decisionFields);

function shared<Key extends object, Part>(make: (key: Key) => Part): (key: Key) => Part {
  return once((key: Key) => frozen(make(key)));
}

// From here on members stand in the order of RFC 8785, which makes sealing an entry cheap; any order would be right.

// The four predicates' inputs, without arguments: those are in the payload. Calls of one session mostly share them.
export function predicateInputs({
  subject,
  model,
  classification,
  context,
}: PolicyInput): JsonObject {
  const { approval_mode, client, freeze } = context;
  const known = lastInputs.get(client);
  const isSame =
    known?.subject === subject &&
    known.model === model &&
    known.classification === classification &&
    known.approval_mode === approval_mode &&
    known.freeze === freeze;
  if (isSame) return known.fields;
  const fields = frozen({
    data: dataFields(classification),
    identity: identityFields(subject),
    model: modelFields(model),
    policy: { approval_mode, client: { name: client.name, version: client.version }, freeze },
  });
  lastInputs.set(client, { subject, model, classification, approval_mode, freeze, fields });
  return fields;
}

type LastInputs = Pick<PolicyInput, 'subject' | 'model' | 'classification'> &
  Pick<PolicyInput['context'], 'approval_mode' | 'freeze'> & { readonly fields: JsonObject };

const lastInputs = new WeakMap<PolicyInput['context']['client'], LastInputs>();

function dataFields({ classifier, labels }: PolicyInput['classification']): JsonObject {
  return { classifier: { id: classifier.id, version: classifier.version }, labels };
}

function identityFields({ id, properties, type }: PolicyInput['subject']): JsonObject {
  return { id, source: properties.source, type, verified: properties.verified };
}

function modelFields({ endpoint, id, provider, source }: PolicyInput['model']): JsonObject {
  return { endpoint, id, provider, source };
}

function decisionFields({ obligations, predicates, risk, rules }: Decision) {
  return {
    obligations: obligations.map((each) => ({ ...each }) as JsonObject),
    predicates: predicateFields(predicates),
    risk: risk === null ? null : riskFields(risk),
    rules: rules.slice(0, rulesLimit).map(ruleFields),
  };
}

function ruleFields({ id, predicate, reason, version }: Rule): Json {
  return {
    id,
    predicate: predicate ?? null,
    reason: shortened(reason, 500),
    version: version ?? null,
  };
}

function policyFields({ digest, id, revision }: PolicyVersion): JsonObject {
  return { digest, id, revision };
}

function engineFields({ engine }: PolicyVersion): JsonObject {
  const { gate, memory_pages, opa_wasm, regoc } = engine;
  return { gate, memory_pages, opa_wasm, regoc };
}

function predicateFields({ data, identity, model, policy }: Decision['predicates']): JsonObject {
  return { data, identity, model, policy };
}

function riskFields({ domain, score }: NonNullable<Decision['risk']>): JsonObject {
  return { domain, score: String(score) };
}

export function budgetFields(budget: PolicyInput['context']['budget'][number]): JsonObject {
  const { bytes, calls, exceeded, id, spent_usd } = budget;
  return { bytes, calls, exceeded, id, spent_usd };
}

export function sessionFields(session: PolicyInput['context']['session']): JsonObject {
  const { calls, denials, elapsed_ms, id, labels } = session;
  return { calls, denials, elapsed_ms, id, labels };
}
