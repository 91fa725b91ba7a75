import { describe, expect, it } from 'vitest';
import { isModern, readEnvelope } from '../../src/bridge/envelope.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { envelope } from './rig.ts';

const version = 'io.modelcontextprotocol/protocolVersion';
const clientInfo = 'io.modelcontextprotocol/clientInfo';
const capabilities = 'io.modelcontextprotocol/clientCapabilities';
const logLevel = 'io.modelcontextprotocol/logLevel';

describe('a message is of the modern era', () => {
  const rows: readonly [name: string, params: JsonObject | undefined, modern: boolean][] = [
    ['with a version', { _meta: { [version]: '2026-07-28' } }, true],
    ['with a version that nobody speaks', { _meta: { [version]: '1999' } }, true],
    ['with a version that is no string', { _meta: { [version]: null } }, true],
    ['not with capabilities alone', { _meta: { [capabilities]: {} } }, false],
    ['not with other metadata', { _meta: { progressToken: 1 } }, false],
    ['not with metadata that is no object', { _meta: [version] }, false],
    ['not with the version beside the metadata', { [version]: '2026-07-28' }, false],
    ['not without parameters', undefined, false],
  ];
  it.each(rows)('%s', (_, params, modern) => expect(isModern(params)).toBe(modern));
});

describe('readEnvelope', () => {
  it('reads who speaks', () => {
    expect(readEnvelope({ _meta: { ...envelope, [logLevel]: 'warning' } })).toEqual({
      hello: {
        era: 'modern',
        protocolVersion: '2026-07-28',
        capabilities: envelope[capabilities],
        clientInfo: { name: 'modern', version: '2' },
      },
      logLevel: 'warning',
    });
  });

  it('does without a name and without logs', () => {
    expect(readEnvelope({ _meta: { [version]: '2026-07-28', [capabilities]: {} } })).toEqual({
      hello: {
        era: 'modern',
        protocolVersion: '2026-07-28',
        capabilities: {},
        clientInfo: { name: 'unknown', version: '0' },
      },
      logLevel: undefined,
    });
  });

  it('says which versions there are', () => {
    expect(readEnvelope({ _meta: { ...envelope, [version]: '1900-01-01' } })).toEqual({
      code: -32022,
      message: 'Unsupported protocol version',
      data: {
        supported: ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'],
        requested: '1900-01-01',
      },
    });
  });

  const faults: readonly [name: string, change: JsonObject, message: string][] = [
    ['no version', { [version]: undefined }, `"params._meta" must have "${version}": a string`],
    [
      'a version that is no string',
      { [version]: 1 },
      `"params._meta" must have "${version}": a string`,
    ],
    [
      'no capabilities',
      { [capabilities]: undefined },
      `"params._meta" must have "${capabilities}": an object`,
    ],
    [
      'capabilities that are a list',
      { [capabilities]: [] },
      `"params._meta" must have "${capabilities}": an object`,
    ],
    [
      'a name that is no object',
      { [clientInfo]: 'x' },
      `"params._meta" must have "${clientInfo}": an object`,
    ],
    [
      'an unknown level',
      { [logLevel]: 'loud' },
      `"params._meta" must have "${logLevel}": a log level`,
    ],
    [
      'a level that is no string',
      { [logLevel]: 3 },
      `"params._meta" must have "${logLevel}": a log level`,
    ],
  ];
  it.each(faults)('refuses %s', (_, change, message) => {
    expect(readEnvelope({ _meta: { ...envelope, ...change } })).toEqual({ code: -32602, message });
  });

  it('refuses a request without metadata', () => {
    expect(readEnvelope(undefined)).toMatchObject({ code: -32602 });
  });
});
