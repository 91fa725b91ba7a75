import type { JsonObject } from '../core/json.ts';

const longest = 10_000;

/** A text for each format that is often asked for; none of them names anything that is there. */
const byFormat: Readonly<Record<string, string>> = {
  date: '1970-01-01',
  'date-time': '1970-01-01T00:00:00Z',
  time: '00:00:00Z',
  duration: 'PT0S',
  email: 'simulated@example.invalid',
  'idn-email': 'simulated@example.invalid',
  hostname: 'example.invalid',
  ipv4: '192.0.2.0',
  ipv6: '2001:db8::',
  uri: 'https://example.invalid/',
  'uri-reference': '/',
  iri: 'https://example.invalid/',
  uuid: '00000000-0000-4000-8000-000000000000',
  'json-pointer': '',
  regex: '',
};

/** A text that fits format and lengths of a string's schema; undefined when none is known. */
export function sampleText(schema: JsonObject): string | undefined {
  const { format, minLength, maxLength } = schema;
  const known =
    typeof format === 'string' && Object.hasOwn(byFormat, format) ? byFormat[format] : undefined;
  if (known !== undefined) return known;
  const least = typeof minLength === 'number' ? minLength : 0;
  const most = typeof maxLength === 'number' ? maxLength : Number.POSITIVE_INFINITY;
  if (least > longest || least > most) return undefined;
  return 'simulated'.slice(0, most).padEnd(least, '.');
}
