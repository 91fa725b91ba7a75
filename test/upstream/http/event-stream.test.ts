import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventStream } from '../../../src/upstream/http/event-stream.ts';

describe('a stream of events', () => {
  const table: readonly [claim: string, text: string, expected: readonly unknown[]][] = [
    ['has an event of one line', 'data: a\n\n', ['message:a']],
    ['has lines that end with a carriage return', 'data: a\rdata: b\r\r', ['message:a\nb']],
    ['has lines that end with both', 'data: a\r\n\r\ndata: b\r\n\r\n', ['message:a', 'message:b']],
    ['joins data lines', 'data: a\ndata:\ndata: b\n\n', ['message:a\n\nb']],
    ['takes one space away only', 'data:  a\ndata:b\n\n', ['message: a\nb']],
    ['names types', 'event: endpoint\ndata: /m\n\ndata: b\n\n', ['endpoint:/m', 'message:b']],
    ['has comments', ': hi\n:\ndata: a\n: there\n\n', ['message:a']],
    ['has fields that nobody knows', 'datum: x\ndata: a\ndata\nx\n\n', ['message:a\n']],
    ['has ids before their events', 'id: 7\ndata: a\n\n', ['id 7', 'message:a']],
    ['has ids without events', 'id: 7\ndata: \n\n', ['id 7']],
    ['takes an id back', 'id: 7\n\nid\n\n', ['id 7', 'id undefined']],
    ['has ids that no header can hold', 'id: ä\n\nid: a\tb\n\n', ['id undefined', 'id undefined']],
    ['asks for a pause', 'retry: 250\nretry: soon\nretry: -1\n\n', ['retry 250']],
    ['begins with a byte order mark', '\ufeffdata: a\n\n', ['message:a']],
    ['drops an event that does not end', 'data: a\n\ndata: b\n', ['message:a']],
  ];
  it.each(table)('%s', (_claim, text, expected) => {
    expect(read([Buffer.from(text)])).toEqual(expected);
  });

  it.each(table)('%s, whatever chunks it comes in', (_claim, text, expected) => {
    const bytes = Buffer.from(text);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 12 }), (cuts) => {
        expect(read(chunked(bytes, cuts))).toEqual(expected);
      }),
    );
    expect(read([...bytes].map((byte) => Buffer.from([byte])))).toEqual(expected);
  });

  const longAs = 'a'.repeat(1_000);
  it.each([
    ['a line', [`data: ${longAs}`, longAs, longAs]],
    ['an event', [`data: ${longAs}\n`, `data: ${longAs}\n`, `data: ${longAs}\n`]],
    ['an event of nothing', Array.from({ length: 100 }, () => 'data\n')],
    ['a comment', [`: ${longAs}`, longAs, longAs]],
  ])('is over when %s grows too long', (_claim, chunks) => {
    const bytes = ['data: b\n\n', ...chunks, '\n\n', 'data: c\n\n'].map((each) =>
      Buffer.from(each),
    );
    expect(read(bytes, 2_048)).toEqual(['message:b', 'overflow']);
  });

  it('takes events of exactly the limit', () => {
    const text = `data: ${longAs}\n\n`.repeat(3);
    expect(read([Buffer.from(text)], longAs.length + 64)).toHaveLength(3);
  });
});

function read(chunks: readonly Buffer[], limitBytes = 1024 * 1024): readonly string[] {
  const seen: string[] = [];
  const stream = new EventStream({
    onEvent: ({ type, data }) => seen.push(`${type ?? 'message'}:${data.toString()}`),
    onId: (id) => seen.push(`id ${id}`),
    onRetry: (delayMs) => seen.push(`retry ${delayMs}`),
    onOverflow: () => seen.push('overflow'),
    limitBytes,
  });
  for (const chunk of chunks) stream.push(chunk);
  return seen;
}

function chunked(bytes: Buffer, cuts: readonly number[]): readonly Buffer[] {
  const ends = [...cuts, bytes.length].sort((a, b) => a - b);
  return ends.map((end, at) => bytes.subarray(at === 0 ? 0 : (ends[at - 1] ?? 0), end));
}
