import { GateError } from '../../core/errors.ts';
import type { Reader } from '../../store/contract.ts';
import { parseApproverName, verifyCredential } from './credential.ts';
import type { Approver } from './separation.ts';

interface ApproverSource {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** True when a person can both read and type: standard input and an output are terminals. */
  readonly isTerminal: boolean;
  readonly osUser: string;
  /** The value of `--as`. */
  readonly as: string | undefined;
}

/**
 * Who is deciding, by the strongest proof at hand. A credential that is set and wrong is refused, never passed over
 * in favour of a weaker proof.
 */
export async function resolveApprover(reader: Reader, source: ApproverSource): Promise<Approver> {
  const { as, osUser } = source;
  const credential = source.env['MCP_GATE_APPROVER'];
  if (credential !== undefined && credential !== '') {
    const name = await verifyCredential(reader, credential);
    if (as === undefined || as === name) return { kind: 'credential', name };
    throw new GateError('credential_refused', `credential is for "${name}", expected "${as}"`, {
      hint: 'leave out --as, or set MCP_GATE_APPROVER for that name',
    });
  }
  if (as !== undefined) return { kind: 'claimed', name: parseApproverName(as) };
  if (source.isTerminal) return { kind: 'terminal', name: osUser };
  throw new GateError('credential_refused', 'no terminal and no credential to decide with', {
    hint: 'decide in a terminal, or set MCP_GATE_APPROVER=NAME:SECRET',
  });
}
