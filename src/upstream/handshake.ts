import { GateError } from '../core/errors.ts';
import { isObject } from '../core/json.ts';
import { negotiate } from '../wire/revisions.ts';
import type { StdioConnection } from './connection.ts';
import type { ClientHello } from './contract.ts';
import { shown } from './names.ts';
import { requestResult } from './request-result.ts';

/**
 * Opens the session with what the client itself said, since servers offer tools by it. Rejects with `upstream_timeout` or
 * `upstream_unavailable`; the connection is of no use then.
 */
export async function openSession(
  connection: StdioConnection,
  hello: ClientHello,
  timeoutMs: number,
): Promise<void> {
  const { protocolVersion, capabilities, clientInfo } = hello;
  const result = await requestResult(connection, {
    method: 'initialize',
    fields: { protocolVersion, capabilities, clientInfo },
    timeoutMs,
  });
  const answered = result['protocolVersion'];
  if (typeof answered !== 'string' || negotiate(answered) !== answered) {
    throw new GateError(
      'upstream_unavailable',
      `answered "initialize" with the unknown protocol version "${shown(answered)}"`,
    );
  }
  const declared = result['capabilities'];
  connection.capabilities = isObject(declared) ? declared : {};
  connection.notify({
    method: 'notifications/initialized',
    params: undefined,
    extras: undefined,
  });
}
