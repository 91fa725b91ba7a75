import type { RawResponse, RpcError } from '../core/answer.ts';
import { isObject, type Json, type JsonObject } from '../core/json.ts';
import { shortened } from '../core/shortened.ts';
import { rpcCode } from '../wire/rpc-error.ts';
import { errorResponse, objectIn, withError } from './result-bytes.ts';

// Some errors are about the hop to the server: about what the gate wrote, not about what the client did.

type Translations = ReadonlyMap<Json | undefined, (error: JsonObject) => RpcError>;

/** For a client that wrote its envelope itself: a capability that is missing is its own to declare. */
const headers: Translations = new Map([
  [rpcCode.headerMismatch, disagreement],
  [rpcCode.unsupportedVersion, disagreement],
]);

/** For a client whose envelope the gate wrote. */
const envelope: Translations = new Map([
  ...headers,
  [rpcCode.missingCapability, missingCapability],
]);

/** An error of a modern server, for a modern client. */
export function relayedError(response: RawResponse): RawResponse {
  return translated(response, headers);
}

/** An error of a modern server, for a legacy client. */
export function legacyError(response: RawResponse): RawResponse {
  return translated(response, envelope);
}

/** An error of a legacy server, for a modern client: it cannot mean what its code has come to mean since. */
export function modernError(response: RawResponse): RawResponse {
  const error = objectIn(response);
  const code = error?.['code'];
  const isReserved = typeof code === 'number' && code <= -32020 && code >= -32099;
  return isReserved ? withError(response, { ...error, code: rpcCode.internal }) : response;
}

function translated(response: RawResponse, translations: Translations): RawResponse {
  const error = objectIn(response);
  const translation = error && translations.get(error['code'])?.(error);
  return translation === undefined ? response : errorResponse(translation);
}

function disagreement(): RpcError {
  const message = 'the server does not accept the requests of the gate';
  return { code: rpcCode.internal, message };
}

function missingCapability({ data }: JsonObject): RpcError {
  const required = isObject(data) ? data['requiredCapabilities'] : undefined;
  const names = Object.keys(isObject(required) ? required : {}).slice(0, 10);
  const list = names.map((name) => JSON.stringify(shortened(name, 50))).join(', ');
  return {
    code: rpcCode.internal,
    message: `the server needs a capability that the client did not declare: ${list || 'unknown'}`,
  };
}
