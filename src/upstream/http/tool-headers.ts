import type { RawResponse } from '../../core/answer.ts';
import { isObject, type Json, type JsonObject } from '../../core/json.ts';
import { parseJson } from '../../core/parse-json.ts';
import { readStrict } from '../../core/strict-json.ts';
import type { ForwardedRequest } from '../../core/tool-call.ts';
import { composeResponse } from '../../wire/raw-response.ts';
import type { Log } from '../log.ts';
import { shown } from '../names.ts';
import { mirrored, type ParamHeader, paramHeaders } from './param-headers.ts';

/**
 * Which parameters of a server's tools are mirrored into headers, as it listed them last. A tool whose annotations break a
 * rule leaves the list (MCP 2026-07-28, Streamable HTTP, custom headers).
 */
export class ToolHeaders {
  readonly #server: string;
  readonly #log: Log;
  /** Tools with annotations: of the listing that goes on, and of the one before, which counts until it is over. */
  #current = new Map<string, readonly ParamHeader[]>();
  #previous = new Map<string, readonly ParamHeader[]>();
  /** Each is told once. */
  readonly #told = new Set<string>();

  constructor(server: string, log: Log) {
    this.#server = server;
    this.#log = log;
  }

  /** The headers of a call; empty for most tools. */
  of({ fields, argumentsText }: ForwardedRequest): readonly string[] {
    const name = fields?.['name'];
    if (typeof name !== 'string' || argumentsText === undefined) return [];
    const params = this.#current.get(name) ?? this.#previous.get(name);
    if (params === undefined) return [];
    const args: unknown = parseJson(argumentsText);
    return isObject(args) ? mirrored(params, args) : [];
  }

  /** A page of the list as it goes on: without the tools that may not be called. */
  list(response: RawResponse, isFirstPage: boolean): RawResponse {
    const result = response.kind === 'result' ? readResult(response) : undefined;
    const tools = result?.['tools'];
    if (result === undefined || !Array.isArray(tools)) return response;
    if (isFirstPage) {
      this.#previous = this.#current;
      this.#current = new Map();
    }
    const kept = tools.filter((tool) => !isObject(tool) || this.#learn(tool));
    if (kept.length === tools.length) return response;
    const id: unknown = parseJson(response.line.toString('utf8', ...response.id));
    return composeResponse({ result: { ...result, tools: kept } }, Number(id), 'result');
  }

  #learn(tool: JsonObject): boolean {
    const found = paramHeaders(tool['inputSchema']);
    const { name } = tool;
    if (found.kind === 'valid') {
      if (typeof name === 'string' && found.params.length > 0)
        this.#current.set(name, found.params);
      return true;
    }
    const told = `${shown(name)} ${found.reason}`;
    if (this.#told.has(told) || this.#told.size >= 1_000) return false;
    this.#told.add(told);
    this.#log.warn(
      { server: this.#server, tool: shown(name), reason: found.reason },
      'tool is left out of the list',
    );
    return false;
  }
}

/** What cannot be read in one way only is left to whoever lists: no headers are learned from it. */
function readResult({ line, value }: RawResponse): JsonObject | undefined {
  const read = readStrict(line.subarray(...value));
  if (read.kind === 'broken' || (read.kind === 'refused' && read.rule !== 'number'))
    return undefined;
  const result: Json =
    read.kind === 'value' ? read.value : parseJson(line.toString('utf8', ...value));
  return isObject(result) ? result : undefined;
}
