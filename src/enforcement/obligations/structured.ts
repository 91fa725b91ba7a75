import { isObject, type Json, type JsonObject } from '../../core/json.ts';
import { isJsonText } from './json-text.ts';
import { withMember } from './pointer.ts';

const sentence =
  'The structured result was withheld by policy. The call ran: do not repeat it to get the rest.';

/**
 * A tool's result without its structured part and without the text that says the same. With an output schema such a
 * result has to be an error: nothing else may lack what the schema asks for.
 */
export function withoutStructured(result: JsonObject, hasSchema: boolean): JsonObject {
  const { structuredContent: _, ...rest } = result;
  const texts = mapTexts(rest, (text) => (isJsonText(text) ? sentence : text));
  const content: readonly Json[] = Array.isArray(texts['content']) ? texts['content'] : [];
  const isSaid = content.some((part) => isObject(part) && part['text'] === sentence);
  const parts = isSaid ? content : [...content, { type: 'text', text: sentence }];
  return { ...texts, content: parts, ...(hasSchema ? { isError: true } : {}) };
}

/** The result with its text parts changed; the same when none is. */
export function mapTexts(result: JsonObject, change: (text: string) => string): JsonObject {
  const { content } = result;
  if (!Array.isArray(content)) return result;
  const parts = content.map((part: Json) => {
    const text = isObject(part) && part['type'] === 'text' ? part['text'] : undefined;
    if (!isObject(part) || typeof text !== 'string') return part;
    const next = change(text);
    return next === text ? part : withMember(part, 'text', next);
  });
  return parts.some((part, at) => part !== content[at])
    ? withMember(result, 'content', parts)
    : result;
}
