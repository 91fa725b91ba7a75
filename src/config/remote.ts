import { isObject, type JsonObject } from '../core/json.ts';
import type { Report } from './expand.ts';
import { at, type Path } from './problem.ts';
import { isGuarded, webAddress } from './web-address.ts';

/** What the gate itself says in these; two of them would be read differently by different servers. */
const ownHeaders = new Set([
  ...['accept', 'connection', 'content-length', 'content-type', 'expect', 'host', 'keep-alive'],
  ...['last-event-id', 'mcp-method', 'mcp-name', 'mcp-protocol-version', 'mcp-session-id'],
  ...['te', 'trailer', 'transfer-encoding', 'upgrade'],
]);

// RFC 9110, sections 5.1 and 5.5.
const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Tells what is wrong with the address and the headers of a remote server; says nothing of what they hold. */
export function checkRemote(entry: JsonObject, path: Path, report: Report): void {
  checkHeaders(entry['headers'], at(path, 'headers'), report);
  for (const name of ['url', 'httpUrl', 'serverUrl']) {
    const address = entry[name];
    if (typeof address === 'string') checkAddress(address, entry, at(path, name), report);
  }
}

function checkAddress(address: string, entry: JsonObject, path: Path, report: Report): void {
  const url = webAddress(address);
  if (url === undefined) {
    const expected = 'an "http:" or "https:" address without user and password';
    report({ path, expected, found: 'another text', hint: 'put credentials into "headers"' });
  } else if (!isGuarded(url) && hasSecrets(entry, url) && !isInsecure(entry)) {
    report({
      path,
      expected: 'an "https:" address for a server that is given secrets',
      found: 'an "http:" one beyond this machine',
      hint: 'use https, or accept that others can read them: "gate": {"insecure": true}',
    });
  }
}

function hasSecrets({ headers, oauth }: JsonObject, { search }: URL): boolean {
  const hasHeaders = isObject(headers) && Object.keys(headers).length > 0;
  return hasHeaders || oauth !== undefined || search !== '';
}

function isInsecure({ gate }: JsonObject): boolean {
  return isObject(gate) && gate['insecure'] === true;
}

function checkHeaders(headers: unknown, path: Path, report: Report): void {
  if (!isObject(headers)) return;
  const seen = new Set<string>();
  for (const [name, value] of Object.entries(headers)) {
    const expected = faultIn(name, value, seen);
    seen.add(name.toLowerCase());
    if (expected !== undefined) report({ path: at(path, name), expected, found: 'another one' });
  }
}

function faultIn(name: string, value: unknown, seen: ReadonlySet<string>): string | undefined {
  if (!headerName.test(name)) return 'a header name';
  if (seen.has(name.toLowerCase())) return 'every header once';
  if (ownHeaders.has(name.toLowerCase())) return 'a header that the gate does not send itself';
  const isGood = typeof value !== 'string' || headerValue.test(value);
  return isGood ? undefined : 'a header value on one line';
}
