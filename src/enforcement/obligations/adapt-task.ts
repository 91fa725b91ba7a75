import { isObject, type JsonObject } from '../../core/json.ts';
import type { OutputSchema } from '../../core/tool-call.ts';
import { type Adapted, adapt } from './adapt.ts';
import { noObligations } from './draft.ts';
import type { Plan } from './plan.ts';

/**
 * The state of a task as it may be delivered. The tool's result, once it is there, stands in it as a member: what names
 * places in a result means that one, and what is marked is hidden everywhere.
 */
export function adaptTask(
  plan: Plan,
  state: JsonObject,
  output: OutputSchema | undefined,
): Adapted {
  const { result, ...others } = state;
  const { marks, withheld } = plan;
  const told = adapt({ ...noObligations, marks, withheld }, others, 'result', undefined);
  if (told.kind === 'withheld' || result === undefined) return told;
  if (!isObject(result)) return noObject;
  const brought = adapt(plan, result, 'result', output);
  if (brought.kind === 'withheld' || (brought.kind === 'unchanged' && told.kind === 'unchanged')) {
    return brought;
  }
  const changes = [told, brought].flatMap((each) => (each.kind === 'changed' ? [each] : []));
  return {
    kind: 'changed',
    value: {
      ...(told.kind === 'changed' ? told.value : others),
      result: brought.kind === 'changed' ? brought.value : result,
    },
    adapted: distinct(changes.flatMap(({ adapted }) => adapted)),
    classes: distinct(changes.flatMap(({ classes }) => classes)),
  };
}

const noObject: Adapted = {
  kind: 'withheld',
  reason: 'the result was withheld: it is no object',
  classes: [],
};

function distinct(names: readonly string[]): readonly string[] {
  return [...new Set(names)].sort();
}
