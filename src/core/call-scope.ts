import type { Caller, ToolCall } from './tool-call.ts';

/** Where a call belongs: what an operator may name to stop it. */
export interface CallScope {
  readonly server: string;
  /** The name that the server itself uses; for everything that is no tool, what the call names. */
  readonly tool: string;
  /** Who calls, as policy sees it; null for somebody unknown. */
  readonly subject: string | null;
}

export function scopeOf(
  { server, name }: Pick<ToolCall, 'server' | 'name'>,
  { identity }: Pick<Caller, 'identity'>,
): CallScope {
  return { server, tool: name, subject: identity.id };
}
