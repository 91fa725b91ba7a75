/** Every way in which the gate itself fails; frozen by a test, because journals and scripts name them. */
export type GateErrorCode =
  | 'config_missing'
  | 'config_invalid'
  | 'usage'
  | 'not_found'
  | 'invalid_json'
  | 'invalid_message'
  | 'message_too_large'
  | 'invalid_arguments'
  | 'protected_path'
  | 'unknown_tool'
  | 'unknown_method'
  | 'policy_missing'
  | 'policy_invalid'
  | 'policy_timeout'
  | 'policy_engine'
  | 'store_unavailable'
  | 'store_unsupported'
  | 'upstream_unavailable'
  | 'upstream_timeout'
  | 'approval_refused'
  | 'credential_refused'
  | 'control_unreadable'
  | 'obligation_unsupported';

export interface GateErrorOptions extends ErrorOptions {
  /** The exact thing to do about it, shown to people as `hint: …`. */
  readonly hint?: string;
}

/** The one error class of this project: `code` is for programs, `message` and `hint` are for people. */
export class GateError extends Error {
  readonly code: GateErrorCode;
  readonly hint: string | undefined;

  constructor(code: GateErrorCode, message: string, options: GateErrorOptions = {}) {
    super(message, options);
    this.name = 'GateError';
    this.code = code;
    this.hint = options.hint;
  }
}

/** The text of anything that was thrown; some dependencies throw strings and plain objects. */
export function describe(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message;
  if (typeof thrown === 'string') return thrown;
  return typeof thrown === 'object' && thrown !== null && 'message' in thrown
    ? String(thrown.message)
    : String(thrown);
}
