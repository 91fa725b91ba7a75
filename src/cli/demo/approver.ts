import { userInfo } from 'node:os';
import * as z from 'zod';
import { parseJson } from '../../core/parse-json.ts';
import { expect } from './expect.ts';
import type { Parts } from './perform.ts';

/** The environment that proves who answers. */
export type Credential = { readonly MCP_GATE_APPROVER: string };

/**
 * The first approver. The credential is printed once, so it is read here and shown to nobody. The name is not the user's:
 * whoever asks may not approve.
 */
export async function addApprover({ stage, gate }: Parts): Promise<Credential> {
  const name = userInfo().username === 'dana' ? 'dora' : 'dana';
  const { code, stdout, stderr } = await gate.run(['approvers', 'add', name, '--format', 'json']);
  expect('the exit code of "mcp-gate approvers add"', code === 0 ? 0 : stderr, 0);
  const { secret } = z.object({ secret: z.string() }).parse(parseJson(stdout));
  stage.command(`mcp-gate approvers add ${name}`, `${name}:… (shown once)`);
  return { MCP_GATE_APPROVER: `${name}:${secret}` };
}
