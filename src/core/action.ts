/** What is decided: the MCP requests that reach a tool server or a person's client. */
export const actions = [
  'tools/call',
  'resources/read',
  'resources/subscribe',
  'prompts/get',
  'completion/complete',
  'sampling/createMessage',
  'elicitation/create',
  'roots/list',
] as const;

export type Action = (typeof actions)[number];

/** What an action is done to, as the policy input names it in `resource.type`. */
export type ResourceType = 'tool' | 'resource' | 'prompt' | 'client';
