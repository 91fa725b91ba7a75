import type { ClientHello } from '../../upstream/contract.ts';

// Stands by itself: `initialize` is answered before the rest of the gate is loaded.

/** What a session of tasks is told that the gate takes (MCP 2025-11-25, basic/utilities/tasks). */
export const taskCapability = { cancel: {}, requests: { tools: { call: {} } } } as const;

const taskRevision = '2025-11-25';

/** Whether a client of this revision may know tasks of the core protocol at all. */
export function knowsTasks({ protocolVersion }: Pick<ClientHello, 'protocolVersion'>): boolean {
  return protocolVersion >= taskRevision;
}
