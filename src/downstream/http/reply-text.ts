import type { RawResponse, Reply, RpcError } from '../../core/answer.ts';
import type { FarMessage } from '../../core/related.ts';
import type { RequestId } from '../../wire/contract.ts';

/** From here on the bytes of an answer are not made into a string and back. */
const largeBytes = 16 * 1024;

/** The answer to one request as one JSON text without a line break. */
export function replyText(id: RequestId, reply: Reply): string | Buffer {
  switch (reply.kind) {
    case 'relayed':
      return relayed(reply.response, JSON.stringify(id));
    case 'text':
      return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${reply.text}}`;
    case 'made':
      return JSON.stringify({ jsonrpc: '2.0', id, result: reply.result });
    case 'refused':
      return errorText(id, reply.error);
  }
}

export function errorText(id: RequestId | null, error: RpcError): string {
  return JSON.stringify({ jsonrpc: '2.0', id, error: { ...error } });
}

export function notificationText({ method, params, extras }: FarMessage): string {
  return JSON.stringify({ ...extras, jsonrpc: '2.0', method, params });
}

function relayed({ line, id }: RawResponse, idText: string): string | Buffer {
  if (line.length < largeBytes) {
    return line.toString('utf8', 0, id[0]) + idText + line.toString('utf8', id[1]);
  }
  return Buffer.concat([line.subarray(0, id[0]), Buffer.from(idText), line.subarray(id[1])]);
}
