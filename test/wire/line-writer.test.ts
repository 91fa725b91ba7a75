import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { RawResponse } from '../../src/core/answer.ts';
import { createLineWriter } from '../../src/wire/line-writer.ts';
import { readMessage } from '../../src/wire/read-message.ts';

function open() {
  const chunks: string[] = [];
  let writes = 0;
  const stream = new Writable({
    highWaterMark: 1024,
    write(chunk: Buffer, _, done) {
      writes += 1;
      chunks.push(chunk.toString());
      setImmediate(done);
    },
    writev(batch, done) {
      writes += 1;
      for (const { chunk } of batch) chunks.push(chunk.toString());
      setImmediate(done);
    },
  });
  const broken: string[] = [];
  const writer = createLineWriter(stream, (reason) => broken.push(reason));
  return { stream, writer, broken, text: () => chunks.join(''), writes: () => writes };
}

function response(text: string): RawResponse {
  const message = readMessage(Buffer.from(text));
  if (message.kind !== 'response') throw new Error(`expected a response, got ${message.kind}`);
  return message.response;
}

describe('LineWriter', () => {
  it('joins the small lines of one tick in one write, promises included', async () => {
    const { writer, text, writes } = open();
    writer.write('{"a":1}');
    writer.relay(response('{"jsonrpc":"2.0","id":1,"result":{"b":"é"}}'), '"x"');
    await Promise.resolve().then(() => writer.write('{"c":3}'));
    expect(text()).toBe('');
    await sleep(1);
    expect(text()).toBe('{"a":1}\n{"jsonrpc":"2.0","id":"x","result":{"b":"é"}}\n{"c":3}\n');
    expect(writes()).toBe(1);
  });

  it('keeps the order of small and large lines', async () => {
    const { stream, writer, text, broken } = open();
    const large = 'x'.repeat(100_000);
    const lines = [
      '{"a":1}',
      JSON.stringify({ large }),
      '{"b":2}',
      JSON.stringify({ result: { large }, jsonrpc: '2.0', id: 'new' }),
      '{"c":3}',
    ];
    writer.write(lines[0] ?? '');
    writer.write(lines[1] ?? '');
    writer.write(lines[2] ?? '');
    writer.relay(response(JSON.stringify({ result: { large }, jsonrpc: '2.0', id: 4 })), '"new"');
    writer.write(lines[4] ?? '');
    writer.end();
    await once(stream, 'finish');
    expect(text()).toBe(`${lines.join('\n')}\n`);
    expect(broken).toEqual([]);
  });

  it('hands on a large response by reference', () => {
    const seen: Buffer[] = [];
    const stream = new Writable({
      writev(batch, done) {
        for (const { chunk } of batch) seen.push(chunk);
        done();
      },
    });
    const raw = response(JSON.stringify({ result: 'x'.repeat(100_000), jsonrpc: '2.0', id: 4 }));
    createLineWriter(stream, () => {}).relay(raw, '5');
    const shared = seen.filter((chunk) => chunk.buffer === raw.line.buffer);
    expect(shared.reduce((sum, chunk) => sum + chunk.length, 0)).toBe(raw.line.length - 1);
    expect(Buffer.concat(seen).toString()).toBe(
      `{"result":"${'x'.repeat(100_000)}","jsonrpc":"2.0","id":5}\n`,
    );
  });

  it('counts what was not taken yet', async () => {
    const { stream, writer } = open();
    writer.write('x'.repeat(99));
    expect(writer.pending).toBe(100);
    await sleep(0);
    writer.write('x'.repeat(50_000));
    expect(writer.pending).toBeGreaterThanOrEqual(50_001);
    writer.end();
    await once(stream, 'finish');
    expect(writer.pending).toBe(0);
  });

  it('writes nothing after the end', async () => {
    const { stream, writer, text, broken } = open();
    writer.write('{"a":1}');
    writer.end();
    writer.write('{"b":2}');
    writer.relay(response('{"jsonrpc":"2.0","id":1,"result":{}}'), '2');
    writer.end();
    await once(stream, 'close');
    expect(text()).toBe('{"a":1}\n');
    expect(broken).toEqual([]);
  });

  it('reports a broken stream once and drops what follows', async () => {
    const { stream, writer, text, broken } = open();
    stream.destroy(new Error('write EPIPE'));
    await once(stream, 'close').catch(() => {});
    writer.write('{"a":1}');
    writer.write('x'.repeat(50_000));
    writer.end();
    await sleep(1);
    expect(broken).toEqual(['write EPIPE']);
    expect(text()).toBe('');
    expect(writer.pending).toBe(0);
  });

  it('reports a stream that was closed without an error', async () => {
    const { stream, broken } = open();
    stream.destroy();
    await once(stream, 'close');
    expect(broken).toEqual(['stream was closed']);
  });

  it.each([
    ['many small lines', '{"a":1}'],
    ['large lines', 'x'.repeat(20_000)],
  ])(
    'reports a reader that leaves too much unread, once, and keeps nothing of it: %s',
    async (_, line) => {
      let finish: (() => void) | undefined;
      const stream = new Writable({
        write: (_chunk, _encoding, done) => {
          finish = done;
        },
      });
      const broken: string[] = [];
      const writer = createLineWriter(stream, (reason) => broken.push(reason), 50_000);
      while (writer.pending + line.length < 50_000) writer.write(line);
      expect(broken).toEqual([]);
      writer.write(line);
      writer.write(line);
      expect(broken).toEqual(['more than 50000 bytes were left unread']);
      expect(stream.destroyed).toBe(true);
      // What the stream has in hand it cannot take back; with that, all the rest is let go of.
      finish?.();
      await sleep(1);
      expect(writer.pending).toBe(0);
    },
  );

  it('survives a reader that dies', async () => {
    const child = spawn(process.execPath, ['-e', ''], { stdio: ['pipe', 'ignore', 'ignore'] });
    const exited = once(child, 'exit');
    let tell: (reason: string) => void = () => {};
    const broken = new Promise<string>((resolve) => {
      tell = resolve;
    });
    const writer = createLineWriter(child.stdin, tell);
    const flood = setInterval(() => writer.write('x'.repeat(100_000)), 1);
    expect(await broken).toMatch(/^(write EPIPE|write ECONNRESET|stream was closed)$/);
    clearInterval(flood);
    writer.write('late');
    await exited;
  });
});
