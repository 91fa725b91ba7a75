import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultLimitBytes, LineSplitter } from '../../src/wire/line-splitter.ts';

function split(chunks: readonly Buffer[], limitBytes = defaultLimitBytes) {
  const lines: string[] = [];
  const overflows: number[] = [];
  const splitter = new LineSplitter({
    onLine: (line) => lines.push(line.toString()),
    onOverflow: (bytes) => overflows.push(bytes),
    limitBytes,
  });
  for (const chunk of chunks) splitter.push(chunk);
  splitter.end();
  return { lines, overflows };
}

/** The chunks of `bytes` when it is cut behind each of these shares of it. */
function cut(bytes: Buffer, shares: readonly number[]): Buffer[] {
  const at = shares.map((share) => Math.floor(share * bytes.length)).sort((a, b) => a - b);
  return [...at, bytes.length].map((end, index) => bytes.subarray(at[index - 1] ?? 0, end));
}

const shares = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });

describe('LineSplitter', () => {
  const rows: readonly [name: string, chunks: readonly string[], lines: readonly string[]][] = [
    ['one line', ['{"a":1}\n'], ['{"a":1}']],
    ['several lines of one chunk', ['a\nb\nc\n'], ['a', 'b', 'c']],
    ['a line in several chunks', ['a', 'b', 'c\nd\n'], ['abc', 'd']],
    ['a line break alone in its chunk', ['a', '\n', 'b\n'], ['a', 'b']],
    ['windows line breaks', ['a\r\nb\r', '\nc\r\n'], ['a', 'b', 'c']],
    ['no more than one carriage return', ['a\r\r\n'], ['a\r']],
    ['a carriage return inside a line', ['a\rb\n'], ['a\rb']],
    ['no empty lines', ['\n\n\r\n', '\r', '\n\na\n\n'], ['a']],
    ['a last line without a line break', ['a\n{"b":', '2}'], ['a', '{"b":2}']],
    ['a torn last line as it is', ['a\n{"b":'], ['a', '{"b":']],
    ['nothing of nothing', ['', ''], []],
  ];
  it.each(rows)('gives %s', (_, chunks, lines) => {
    expect(split(chunks.map((chunk) => Buffer.from(chunk)))).toEqual({ lines, overflows: [] });
  });

  it('gives what split("\\n") gives, however the stream is cut', () => {
    const text = fc.array(
      fc.oneof(
        fc.string({ unit: 'grapheme' }),
        fc.constantFrom('\n', '\r\n', '\n\n', '日本', '😀'),
      ),
    );
    fc.assert(
      fc.property(text, shares, (parts, where) => {
        const all = parts.join('');
        const lines = all.split('\n').map((line) => line.replace(/\r$/, ''));
        expect(split(cut(Buffer.from(all), where)).lines).toEqual(
          lines.filter((line) => line !== ''),
        );
      }),
      { numRuns: 500 },
    );
  });

  it('drops what is over the limit and nothing else, however the stream is cut', () => {
    const line = fc.integer({ min: 1, max: 24 }).map((length) => 'x'.repeat(length));
    fc.assert(
      fc.property(
        fc.array(line),
        shares,
        fc.constantFrom('\n', '\r\n'),
        (all, where, lineBreak) => {
          const bytes = Buffer.from(all.map((each) => each + lineBreak).join(''));
          const { lines, overflows } = split(cut(bytes, where), 12);
          expect(lines).toEqual(all.filter((each) => each.length <= 12));
          expect(overflows).toHaveLength(all.length - lines.length);
          for (const seen of overflows) expect(seen).toBeGreaterThan(12);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('reports an endless line once, before it ends', () => {
    const overflows: number[] = [];
    const splitter = new LineSplitter({
      onLine: () => {
        throw new Error('no line was expected');
      },
      onOverflow: (bytes) => overflows.push(bytes),
      limitBytes: 1000,
    });
    for (let sent = 0; sent < 100_000; sent += 100) splitter.push(Buffer.alloc(100, 'x'));
    expect(overflows).toEqual([1100]);
  });

  it('reads on behind a dropped last piece', () => {
    const chunks = ['xxxxxx', 'x\n', 'ok\n'].map((chunk) => Buffer.from(chunk));
    expect(split(chunks, 4)).toEqual({ lines: ['ok'], overflows: [6] });
  });

  it('takes a line byte by byte', () => {
    const text = 'é'.repeat(5000);
    const bytes = Buffer.from(`${text}\n`);
    const chunks = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
    expect(split(chunks).lines).toEqual([text]);
  });

  it('passes 16 MB in chunks of 64 KiB', () => {
    const line = Buffer.alloc(16 * 1024 * 1024, 'x');
    const chunks: Buffer[] = [];
    for (let at = 0; at < line.length; at += 65_536) chunks.push(line.subarray(at, at + 65_536));
    const lines: Buffer[] = [];
    const splitter = new LineSplitter({
      onLine: (each) => lines.push(each),
      onOverflow: (bytes) => expect.unreachable(`overflow at ${bytes}`),
    });
    for (const chunk of chunks) splitter.push(chunk);
    splitter.push(Buffer.from('\n'));
    expect(lines).toHaveLength(1);
    expect(lines[0]?.equals(line)).toBe(true);
  });

  it('hands on a line of one chunk without copying it', () => {
    const chunk = Buffer.from('abc\ndef\n');
    const lines: Buffer[] = [];
    const splitter = new LineSplitter({ onLine: (each) => lines.push(each), onOverflow: () => {} });
    splitter.push(chunk);
    expect(lines.map((line) => line.buffer)).toEqual([chunk.buffer, chunk.buffer]);
    expect(lines[1]?.byteOffset).toBe(chunk.byteOffset + 4);
  });

  it('limits a line to 64 MiB unless told otherwise', () => {
    expect(defaultLimitBytes).toBe(67_108_864);
  });
});
