import { modernReply } from '../bridge/modern-reply.ts';
import type { Reply } from '../core/answer.ts';
import type { JsonObject } from '../core/json.ts';
import { supportedVersions } from '../wire/revisions.ts';
import { tasksExtension } from './tasks/task-owners.ts';

export interface SelfDescription {
  readonly version: string;
  /** What the client's model is told about this server. */
  readonly instructions: () => string;
  /** Whether a legacy client of this name is told that its calls may be tasks; without it none is. */
  readonly tasksFor?: (clientName: string) => boolean;
}

/** What the gate can relay, whichever servers it has; an extension stands here only if it is relayed. */
const capabilities = {
  tools: { listChanged: true },
  resources: { subscribe: true, listChanged: true },
  prompts: { listChanged: true },
  completions: {},
  logging: {},
  extensions: { [tasksExtension]: {} },
} as const satisfies JsonObject;

/** It changes only with the gate itself. */
const ttlMs = 3_600_000;

/** The result of `server/discover`, the same for every client and given at once: a slow one is taken for a legacy server. */
export function discovered({ version, instructions }: SelfDescription): Reply {
  const result = { supportedVersions, capabilities, instructions: instructions() };
  const serverInfo = { name: 'mcp-gate', version };
  return modernReply('server/discover', { kind: 'made', result }, { ttlMs, serverInfo });
}
