import * as z from 'zod';
import { checked, duration, matching, text } from './schema-fields.ts';
import { webAddress } from './web-address.ts';

const mebibyte = 1024 * 1024;

const count = (most: number) => z.int().min(1).max(most);

/** The bounds of the HTTP face, each with its default. */
const limits = z.strictObject({
  /** One request of a client. */
  bodyBytes: count(64 * mebibyte)
    .min(1024)
    .default(64 * mebibyte),
  connections: count(65_536).default(4096),
  /** Sessions of the legacy era at the same time; each has tool servers of its own. */
  sessions: count(10_000).default(1000),
  sessionsPerCaller: count(10_000).default(200),
  /** Streams that stand open without a call. */
  streamsPerCaller: count(10_000).default(400),
  requestsPerCaller: count(100_000).default(1024),
  /** What one client leaves unread before it is cut off; and all together, before whoever leaves most is. */
  unreadBytes: count(1024 * mebibyte)
    .min(64 * 1024)
    .default(16 * mebibyte),
  unreadsBytes: count(16 * 1024 * mebibyte)
    .min(mebibyte)
    .default(512 * mebibyte),
  /** A session that is silent for this long is over. */
  sessionIdle: duration(1000, 7 * 86_400_000, 'from 1s to 7d').default(30 * 60_000),
  /** Sets of tool servers at the same time, and how many of them one caller may use. */
  pools: count(10_000).default(64),
  poolsPerCaller: count(10_000).default(32),
  /** Of all pools, those that only callers get who have none; never more than half of them. */
  poolsReserved: z.int().min(0).max(10_000).default(16),
  /** Tool servers that nobody uses are stopped after this time. */
  poolIdle: duration(0, 86_400_000, 'from 0s to 1d').default(60_000),
});

// RFC 6750, section 2.1: what can stand behind "Bearer".
const token = matching(/^(?=.{16,4096}$)[A-Za-z0-9._~+/-]+=*$/, {
  expected: 'a token of at least 16 letters, digits or "-._~+/"',
  hint: 'make one with: openssl rand -hex 32',
});

const tokenName = matching(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/, {
  expected: 'a name of letters, digits and "._@-"',
});

const tokens = z.record(tokenName, token).superRefine((named, context) => {
  const seen = new Set<string>();
  for (const [name, value] of Object.entries(named)) {
    const params = { expected: 'every token under one name', hint: 'give each caller its own' };
    if (seen.has(value)) context.addIssue({ code: 'custom', path: [name], params });
    seen.add(value);
  }
});

export const http = z.strictObject({
  host: text(255).default('127.0.0.1'),
  port: z.int().min(0).max(65_535).default(8787),
  path: matching(/^(?!.*\/\/)\/[A-Za-z0-9._~/-]{0,200}$/, {
    expected: 'a path such as "/mcp"',
  }).default('/mcp'),
  sse: z.boolean().default(false),
  allowedHosts: z.array(checked(isHost, { expected: 'a host such as "gate.example"' })).default([]),
  allowedOrigins: z
    .array(checked(isOrigin, { expected: 'an origin such as "https://app.example"' }))
    .default([]),
  publicUrl: checked(isPublicUrl, {
    expected: 'the address that clients use, such as "https://gate.example/mcp"',
  }).optional(),
  tls: z.strictObject({ cert: text(4096), key: text(4096) }).optional(),
  limits: limits.prefault({}),
  tokens: tokens.default({}),
});

function isHost(value: string): boolean {
  return host.test(value) && URL.canParse(`http://${value}`);
}

const host = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?$/;

function isOrigin(value: string): boolean {
  return webAddress(value)?.origin === value;
}

// RFC 8707, section 2: a resource has no fragment; with a query it would be another one for every client.
function isPublicUrl(value: string): boolean {
  const url = webAddress(value);
  return url !== undefined && url.hash === '' && url.search === '';
}
