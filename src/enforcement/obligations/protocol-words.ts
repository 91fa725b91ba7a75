/** Names that the protocol gives: they say nothing, and a result without them is none. */
const names = new Set([
  '_meta',
  'action',
  'annotations',
  'audience',
  'blob',
  'code',
  'completion',
  'content',
  'contents',
  'data',
  'description',
  'hasMore',
  'inputRequests',
  'isError',
  'lastModified',
  'message',
  'messages',
  'method',
  'mimeType',
  'model',
  'name',
  'params',
  'priority',
  'requestState',
  'requestedSchema',
  'resource',
  'resultType',
  'role',
  'roots',
  'size',
  'stopReason',
  'structuredContent',
  'text',
  'title',
  'total',
  'type',
  'uri',
  'values',
]);

/** The values by which the protocol tells kinds of content and speakers apart. */
const values: Readonly<Record<string, ReadonlySet<unknown>>> = {
  type: new Set(['text', 'image', 'audio', 'resource', 'resource_link']),
  role: new Set(['user', 'assistant']),
  resultType: new Set(['complete', 'input_required']),
};

/** Whether a member's name is the protocol's, outside of what a server puts into it as data. */
export function isProtocolName(name: string): boolean {
  return names.has(name);
}

export function isProtocolValue(name: string, value: unknown): boolean {
  return Object.hasOwn(values, name) && values[name]?.has(value) === true;
}

/** Members whose inside is a server's own: no name in there is the protocol's. */
export function isData(name: string): boolean {
  return name === 'structuredContent' || name === '_meta' || name === 'data';
}
