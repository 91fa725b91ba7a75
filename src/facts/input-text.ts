import { once } from '../core/once.ts';
import type { PolicyInput } from '../policy/input.ts';

/** `JSON.stringify(input)`, sooner: parts that calls have in common are frozen, and are put into text once. */
export function inputTextOf(input: PolicyInput): string {
  const { version, subject, action, resource, model, classification, context } = input;
  // One template: a list of members that is joined costs as much again as the text itself.
  return `{"version":${textOf(version)},"subject":${textOf(subject)},"action":${textOf(action)},"resource":${textOf(resource)},"model":${textOf(model)},"classification":${textOf(classification)},"context":${textOf(context)}}`;
}

function textOf(part: object): string {
  return Object.isFrozen(part) ? keptText(part) : JSON.stringify(part);
}

const keptText = once((part: object) => JSON.stringify(part));
