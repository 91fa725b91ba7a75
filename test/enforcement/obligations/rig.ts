import type { Json, JsonObject } from '../../../src/core/json.ts';
import type { OutputSchema } from '../../../src/core/tool-call.ts';
import { type Adapted, adapt } from '../../../src/enforcement/obligations/adapt.ts';
import type { Plan } from '../../../src/enforcement/obligations/plan.ts';
import { readObligations } from '../../../src/enforcement/obligations/read-obligations.ts';
import { createOutputSchema } from '../../../src/upstream/output-schema.ts';

export const card = '4111111111111111';
export const pan = '[REDACTED:pci.pan]';

export type Raw = Parameters<typeof readObligations>[0];

export function planOf(...raw: Raw): Plan {
  const plan = readObligations(raw);
  if (plan.kind === 'fault') throw new Error(plan.reason);
  return plan;
}

export const cards = planOf({ type: 'redact', classes: ['pci'] });

export function schemaOf(schema: Json | undefined): OutputSchema | undefined {
  return createOutputSchema(schema);
}

export function adaptResult(plan: Plan, result: JsonObject, schema?: JsonObject): Adapted {
  return adapt(plan, result, 'result', schemaOf(schema));
}

/** What is delivered; undefined when it is withheld. */
export function delivered(plan: Plan, result: JsonObject, schema?: JsonObject) {
  const answer = adaptResult(plan, result, schema);
  switch (answer.kind) {
    case 'unchanged':
      return result;
    case 'changed':
      return answer.value;
    case 'withheld':
      return undefined;
  }
}

export function text(...texts: string[]): JsonObject {
  return { content: texts.map((each) => ({ type: 'text', text: each })) };
}
