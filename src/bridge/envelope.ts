import type { RpcError } from '../core/answer.ts';
import { isObject, type Json, type JsonObject } from '../core/json.ts';
import { shortened } from '../core/shortened.ts';
import { modernRevisions, supportedVersions } from '../wire/revisions.ts';
import { rpcCode } from '../wire/rpc-error.ts';
import type { Speaker } from './contract.ts';
import { isLogLevel } from './log-levels.ts';

// Who speaks, as every request of the modern era says it in `params._meta` (MCP 2026-07-28, basic/index, `_meta`).

const versionKey = 'io.modelcontextprotocol/protocolVersion';
const clientInfoKey = 'io.modelcontextprotocol/clientInfo';
const capabilitiesKey = 'io.modelcontextprotocol/clientCapabilities';
const logLevelKey = 'io.modelcontextprotocol/logLevel';

/** Whether a message is of the modern era: its body says so, whatever a header or an earlier message said. */
export function isModern(params: JsonObject | undefined): boolean {
  return metaOf(params)[versionKey] !== undefined;
}

/** What a modern request says of its sender, or why it cannot be served. */
export function readEnvelope(params: JsonObject | undefined): Speaker | RpcError {
  const meta = metaOf(params);
  const version = meta[versionKey];
  if (typeof version !== 'string') return expected(versionKey, 'a string');
  if (!isModernRevision(version)) return unsupported(version);
  const capabilities = meta[capabilitiesKey];
  if (!isObject(capabilities)) return expected(capabilitiesKey, 'an object');
  const clientInfo = meta[clientInfoKey] ?? unknownClient;
  if (!isObject(clientInfo)) return expected(clientInfoKey, 'an object');
  const logLevel = meta[logLevelKey];
  if (logLevel !== undefined && !isLogLevel(logLevel)) return expected(logLevelKey, 'a log level');
  return {
    hello: { era: 'modern', protocolVersion: version, capabilities, clientInfo },
    logLevel,
  };
}

const unknownClient: JsonObject = { name: 'unknown', version: '0' };

/** The metadata of a legacy client's request as a modern server must get it. */
export function modernMeta(meta: JsonObject | undefined, { hello, logLevel }: Speaker): JsonObject {
  return {
    ...meta,
    [versionKey]: modernRevisions[0],
    [clientInfoKey]: hello.clientInfo,
    [capabilitiesKey]: hello.capabilities,
    [logLevelKey]: logLevel,
  };
}

/** The metadata of a modern client's request as a legacy server knows it; undefined when nothing is left. */
export function legacyMeta(meta: JsonObject | undefined): JsonObject | undefined {
  if (meta === undefined) return undefined;
  const {
    [versionKey]: _1,
    [clientInfoKey]: _2,
    [capabilitiesKey]: _3,
    [logLevelKey]: _4,
    ...others
  } = meta;
  return Object.keys(others).length === 0 ? undefined : others;
}

function metaOf(params: JsonObject | undefined): JsonObject {
  const meta = params?.['_meta'];
  return isObject(meta) ? meta : {};
}

function isModernRevision(version: string): boolean {
  return modernRevisions.some((revision) => revision === version);
}

function unsupported(requested: string): RpcError {
  const data: Record<string, Json> = {
    supported: supportedVersions,
    requested: shortened(requested, 100),
  };
  return { code: rpcCode.unsupportedVersion, message: 'Unsupported protocol version', data };
}

function expected(key: string, what: string): RpcError {
  return { code: rpcCode.invalidParams, message: `"params._meta" must have "${key}": ${what}` };
}
