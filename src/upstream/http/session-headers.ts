/** What a legacy server was told, and told back, when the session was opened. */
export interface HttpSession {
  /** Undefined where the server keeps none. */
  readonly id: string | undefined;
  readonly version: string;
}

const json = ['content-type', 'application/json', 'accept', 'application/json, text/event-stream'];

/** On every POST of a message, in either era. */
export const postHeaders: readonly string[] = json;

export function sessionHeaders({ id, version }: HttpSession): readonly string[] {
  const session = id === undefined ? [] : ['mcp-session-id', id];
  return [...session, 'mcp-protocol-version', version];
}
