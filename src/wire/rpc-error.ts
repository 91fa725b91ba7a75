/** The error codes that the gate itself answers with. */
export const rpcCode = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  /** MCP up to 2025-11-25, for `resources/read`. */
  resourceNotFound: -32002,
  /** MCP 2026-07-28: these three. */
  headerMismatch: -32020,
  missingCapability: -32021,
  unsupportedVersion: -32022,
  // The gate's own stand outside -32768…-32000, which JSON-RPC and MCP keep for themselves.
  expired: 4401,
  denied: 4003,
  tooLarge: 4413,
  unavailable: 4503,
} as const;
