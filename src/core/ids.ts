import { randomFillSync } from 'node:crypto';

// Random bytes are drawn in blocks: a system call for every id costs more than the id.
const pool = Buffer.allocUnsafe(4096);
let used = pool.length;

/** `size` fresh random bytes, at most 4096. The caller owns the copy. */
export function randomBytes(size: number): Buffer {
  if (used + size > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const bytes = Buffer.from(pool.subarray(used, used + size));
  pool.fill(0, used, used + size);
  used += size;
  return bytes;
}

/** A UUIDv7 (RFC 9562 section 5.7): sorts by the time of its making. */
export function uuidv7(nowMs: number): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(nowMs, 0, 6);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/**
 * A W3C trace id: 32 hexadecimal digits, never all zero. It begins with the time, so that what is indexed together was
 * written together; the right half is random, as trace-context level 2 asks.
 */
export function newTraceId(nowMs = Date.now()): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(nowMs, 0, 6);
  return bytes.toString('hex');
}

const traceparent = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The trace id of a W3C `traceparent` header value; `undefined` when it is not one. */
export function traceIdOf(value: unknown): string | undefined {
  const id = typeof value === 'string' ? traceparent.exec(value)?.[1] : undefined;
  return id === '0'.repeat(32) ? undefined : id;
}
