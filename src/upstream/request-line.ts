import type { JsonObject } from '../core/json.ts';
import type { ForwardedRequest } from '../core/tool-call.ts';

/** The line of a request on one hop; the arguments are the very text that was decided. */
export function requestLine(id: number, request: ForwardedRequest, withProgress: boolean): string {
  const params = paramsText(request, withProgress ? id : undefined);
  const head = `{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(request.method)}`;
  const tail = request.extras === undefined ? '}' : `${extrasText(request.extras)}}`;
  return params === undefined ? head + tail : `${head},"params":${params}${tail}`;
}

function paramsText(
  request: ForwardedRequest,
  progressToken: number | undefined,
): string | undefined {
  const { fields, argumentsText } = request;
  const meta = progressToken === undefined ? request.meta : { ...request.meta, progressToken };
  if (fields === undefined && argumentsText === undefined && meta === undefined) return undefined;
  const members: string[] = [];
  const own = ownMembers(fields ?? {}, argumentsText !== undefined);
  if (own !== '') members.push(own);
  if (argumentsText !== undefined) members.push(`"arguments":${argumentsText}`);
  if (meta !== undefined) members.push(`"_meta":${JSON.stringify(meta)}`);
  return `{${members.join(',')}}`;
}

// Members that are written apart are left out below: of two equal keys the next parser may take the other one.

function ownMembers(fields: JsonObject, withArguments: boolean): string {
  const apart = withArguments ? ['_meta', 'arguments'] : ['_meta'];
  // Mostly there are none, and nothing is copied.
  const others = apart.some((name) => Object.hasOwn(fields, name))
    ? { ...fields, ...Object.fromEntries(apart.map((name) => [name, undefined])) }
    : fields;
  return JSON.stringify(others).slice(1, -1);
}

function extrasText(extras: JsonObject): string {
  const { jsonrpc: _1, id: _2, method: _3, params: _4, result: _5, error: _6, ...others } = extras;
  const text = JSON.stringify(others).slice(1, -1);
  return text === '' ? '' : `,${text}`;
}
