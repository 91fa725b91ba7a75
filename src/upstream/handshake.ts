import type { Delivery, RawResponse } from '../core/answer.ts';
import { describe } from '../core/errors.ts';
import { isObject, type Json, type JsonObject } from '../core/json.ts';
import { Lifetime } from '../core/lifetime.ts';
import { readStrict } from '../core/strict-json.ts';
import type { Target } from '../core/target.ts';
import { legacyRevisions, modernRevisions, negotiate } from '../wire/revisions.ts';
import { rpcCode } from '../wire/rpc-error.ts';
import type { ClientHello } from './contract.ts';
import { envelopeOf } from './envelope.ts';
import { shown } from './names.ts';
import { resultOf } from './request-result.ts';

/** What came of greeting a server in the words of one era. */
export type Greeting =
  | { readonly kind: 'open'; readonly capabilities: JsonObject }
  /** It does not speak this era. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** It speaks this era, but in no revision of the gate's; `speaksLegacy`: it named a legacy one that both know. */
  | { readonly kind: 'foreign'; readonly reason: string; readonly speaksLegacy: boolean }
  | { readonly kind: 'silent'; readonly reason: string }
  /** Nothing can come any more. */
  | { readonly kind: 'gone'; readonly reason: string };

/**
 * Opens a legacy session with what the client itself said, since servers offer tools by it. MCP does not let anybody cancel
 * `initialize`: a server that does not answer it in time is to be ended.
 */
export async function initialize(
  target: Target,
  hello: ClientHello,
  timeoutMs: number,
): Promise<Greeting> {
  const { era, capabilities, clientInfo } = hello;
  const protocolVersion = era === 'legacy' ? hello.protocolVersion : legacyRevisions[0];
  const fields = { protocolVersion, capabilities, clientInfo };
  const sent = ask(target, 'initialize', { fields, meta: undefined }, new Lifetime());
  return within(timeoutMs, 'initialize', sent.then(greetingOf('initialize', readInitialized)));
}

export interface Discovery {
  /** Without a bound in time. */
  readonly greeting: Promise<Greeting>;
  /** What has come by now. */
  said(): Greeting | undefined;
  /** Its answer is of no use any more. */
  withdraw(): void;
}

/** Asks a server whether it speaks the modern era. */
export function discover(target: Target, hello: ClientHello): Discovery {
  const lifetime = new Lifetime();
  const words = { fields: undefined, meta: envelopeOf(hello) };
  const sent = ask(target, 'server/discover', words, lifetime);
  const read = greetingOf('server/discover', readDiscovered, readRefusal);
  let said: Greeting | undefined;
  const greeting = sent.then((delivery) => {
    said = read(delivery);
    return said;
  });
  return { greeting, said: () => said, withdraw: () => lifetime.end('answered otherwise') };
}

/** What came of it in this time. */
export async function within(
  timeoutMs: number,
  method: string,
  greeting: Promise<Greeting>,
): Promise<Greeting> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Greeting>((resolve) => {
    const reason = `did not answer "${method}" within ${timeoutMs} ms`;
    timer = setTimeout(resolve, timeoutMs, { kind: 'silent', reason });
  });
  const first = await Promise.race([greeting, late]);
  clearTimeout(timer);
  return first;
}

function ask(
  target: Target,
  method: string,
  words: { readonly fields: JsonObject | undefined; readonly meta: JsonObject | undefined },
  lifetime: Lifetime,
): Promise<Delivery> {
  const request = { method, ...words, argumentsText: undefined, extras: undefined };
  return target.send(request, { lifetime, onProgress: undefined, related: undefined });
}

function greetingOf(
  method: string,
  readResult: (result: JsonObject) => Greeting,
  readError: (response: RawResponse) => Greeting | undefined = () => undefined,
): (delivery: Delivery) => Greeting {
  return (delivery) => {
    if (delivery.kind !== 'answered') return { kind: 'gone', reason: delivery.reason };
    const { response } = delivery;
    try {
      const read = response.kind === 'error' ? readError(response) : undefined;
      return read ?? readResult(resultOf(response, method));
    } catch (error) {
      return { kind: 'refused', reason: describe(error) };
    }
  };
}

function readInitialized({ protocolVersion, capabilities }: JsonObject): Greeting {
  if (typeof protocolVersion === 'string' && negotiate(protocolVersion) === protocolVersion) {
    return { kind: 'open', capabilities: isObject(capabilities) ? capabilities : {} };
  }
  const version = shown(protocolVersion);
  const reason = `answered "initialize" with the unknown protocol version "${version}"`;
  return { kind: 'foreign', reason, speaksLegacy: false };
}

function readDiscovered(result: JsonObject): Greeting {
  const { resultType = 'complete', supportedVersions, capabilities } = result;
  const versions = textsOf(supportedVersions);
  if (versions === undefined || resultType !== 'complete') {
    // Some servers answer everything: what says nothing of versions is no discovery.
    const reason = 'answered "server/discover" without "supportedVersions"';
    return { kind: 'refused', reason };
  }
  if (!versions.includes(modernRevisions[0])) return foreign(versions);
  return { kind: 'open', capabilities: isObject(capabilities) ? capabilities : {} };
}

const modernErrors: ReadonlySet<Json | undefined> = new Set([
  rpcCode.headerMismatch,
  rpcCode.missingCapability,
  rpcCode.unsupportedVersion,
]);

/** The errors that only a modern server knows (MCP 2026-07-28, stdio, backward compatibility); undefined for all others. */
function readRefusal({ line, value }: RawResponse): Greeting | undefined {
  const read = readStrict(line.subarray(value[0], value[1]));
  if (read.kind !== 'value' || !isObject(read.value)) return undefined;
  const { code, message, data } = read.value;
  if (!modernErrors.has(code)) return undefined;
  const versions = isObject(data) ? textsOf(data['supported']) : undefined;
  if (code === rpcCode.unsupportedVersion && versions !== undefined) return foreign(versions);
  const reason = `"server/discover" was answered with an error: ${shown(message)}`;
  return { kind: 'foreign', reason, speaksLegacy: false };
}

const shownVersions = 5;

function foreign(versions: readonly string[]): Greeting {
  const named = versions.slice(0, shownVersions).map((version) => `"${shown(version)}"`);
  const reason = `speaks other protocol versions than the gate: ${named.join(', ') || 'none'}`;
  const speaksLegacy = versions.some((version) => negotiate(version) === version);
  return { kind: 'foreign', reason, speaksLegacy };
}

function textsOf(value: Json | undefined): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const texts = value.filter((each) => typeof each === 'string');
  return texts.length === value.length ? texts : undefined;
}
