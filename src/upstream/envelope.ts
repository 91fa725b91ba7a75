import type { JsonObject } from '../core/json.ts';
import { modernRevisions } from '../wire/revisions.ts';
import type { ClientHello } from './contract.ts';

/**
 * What a modern server must find in the `_meta` of every request (MCP 2026-07-28, basic/index, `_meta`), for requests of the
 * gate itself: it speaks for the client, so it says of itself what the client did.
 */
export function envelopeOf({ clientInfo, capabilities }: ClientHello): JsonObject {
  return {
    'io.modelcontextprotocol/protocolVersion': modernRevisions[0],
    'io.modelcontextprotocol/clientInfo': clientInfo,
    'io.modelcontextprotocol/clientCapabilities': capabilities,
  };
}
