import { isObject, type JsonObject } from '../core/json.ts';

/**
 * A tool's definition as legacy clients may see it: without an output schema whose root is no object. One such schema
 * makes them refuse the whole list.
 */
export function legacyTool(definition: JsonObject): JsonObject {
  const { outputSchema, ...others } = definition;
  if (outputSchema === undefined) return definition;
  return isObject(outputSchema) && outputSchema['type'] === 'object' ? definition : others;
}

/** A tool's definition for a legacy client whose calls may be tasks of the gate's own, whatever the server makes of tasks. */
export function taskTool(definition: JsonObject): JsonObject {
  const { execution } = definition;
  const kept = isObject(execution) ? execution : {};
  return { ...legacyTool(definition), execution: { ...kept, taskSupport: 'optional' } };
}

/** A tool's definition as modern clients may see it: tasks of the core protocol are gone, so no tool speaks of them. */
export function modernTool(definition: JsonObject): JsonObject {
  const { execution, ...others } = definition;
  if (!isObject(execution) || execution['taskSupport'] === undefined) return definition;
  const { taskSupport: _, ...kept } = execution;
  return Object.keys(kept).length === 0 ? others : { ...others, execution: kept };
}
