import { sharedText } from '../core/shared-text.ts';
import type { PolicyInput } from '../policy/input.ts';

/** `JSON.stringify(input)`, sooner: parts that calls have in common are frozen, and are put into text once. */
export function inputTextOf(input: PolicyInput): string {
  const { version, subject, action, resource, model, classification, context } = input;
  // One template: a list of members that is joined costs as much again as the text itself.
  return `{"version":${sharedText(version)},"subject":${sharedText(subject)},"action":${sharedText(action)},"resource":${sharedText(resource)},"model":${sharedText(model)},"classification":${sharedText(classification)},"context":${sharedText(context)}}`;
}
