import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RpcError } from '../../core/answer.ts';
import type { RequestId } from '../../wire/contract.ts';
import { rpcCode } from '../../wire/rpc-error.ts';

/** Why a request goes no further, before anybody behind the face has seen it. */
export interface Refusal {
  readonly status: number;
  readonly error: RpcError;
  readonly headers?: readonly string[];
}

export function refusal(
  status: number,
  message: string,
  headers?: readonly string[],
  code: number = rpcCode.invalidRequest,
): Refusal {
  return { status, error: { code, message }, ...(headers !== undefined && { headers }) };
}

/** What is left of a body is read to its end by Node only where it is small; else the connection is closed. */
const leftoverBytes = 256 * 1024;

/** Sends a refusal, and sees to it that the rest of the request costs nothing. */
export function refuse(
  req: IncomingMessage,
  res: ServerResponse,
  { status, error, headers = [] }: Refusal,
  id: RequestId | null = null,
): void {
  const body = JSON.stringify({ jsonrpc: '2.0', id, error });
  const lines = ['Content-Type', 'application/json', 'Content-Length'];
  lines.push(String(Buffer.byteLength(body)), ...headers);
  if (!isShort(req)) lines.push('Connection', 'close');
  res.writeHead(status, lines).end(body);
}

function isShort(req: IncomingMessage): boolean {
  if (req.complete) return true;
  const length = req.headers['content-length'];
  if (length !== undefined) return Number(length) <= leftoverBytes;
  return req.headers['transfer-encoding'] === undefined;
}
