import { expect, it } from 'vitest';
import { rpcCode } from '../../src/wire/rpc-error.ts';

it('answers with these codes, which clients and scripts know', () => {
  expect(rpcCode).toEqual({
    parseError: -32700,
    invalidRequest: -32600,
    methodNotFound: -32601,
    invalidParams: -32602,
    internal: -32603,
    resourceNotFound: -32002,
    headerMismatch: -32020,
    missingCapability: -32021,
    unsupportedVersion: -32022,
    expired: 4401,
    denied: 4003,
    tooLarge: 4413,
    unavailable: 4503,
  });
});
