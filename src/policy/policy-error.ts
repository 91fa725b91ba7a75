import { GateError, type GateErrorCode, type GateErrorOptions } from '../core/errors.ts';

/** One thing wrong with a policy: OPA's code and words, or the gate's own for its lints. Rows and columns count from 1. */
export interface PolicyFault {
  readonly code: string;
  readonly message: string;
  readonly file?: string;
  readonly row?: number;
  readonly col?: number;
}

export type PolicyErrorCode = Extract<
  GateErrorCode,
  'policy_invalid' | 'policy_timeout' | 'policy_engine'
>;

export interface PolicyErrorOptions extends GateErrorOptions {
  readonly faults?: readonly PolicyFault[];
}

/** A policy that was refused, with every fault that the compiler named; without faults the compiler itself failed. */
export class PolicyError extends GateError {
  readonly faults: readonly PolicyFault[];

  constructor(code: PolicyErrorCode, message: string, options: PolicyErrorOptions = {}) {
    super(code, message, options);
    this.name = 'PolicyError';
    this.faults = options.faults ?? [];
  }
}

/** `file:row:col: message (code)`, as much of it as is known. */
export function describeFault(fault: PolicyFault): string {
  const place = [fault.file, fault.row, fault.col].filter((part) => part !== undefined).join(':');
  return `${place === '' ? '' : `${place}: `}${fault.message} (${fault.code})`;
}
