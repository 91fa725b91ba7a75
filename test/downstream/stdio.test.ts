import { once } from 'node:events';
import { PassThrough, Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { openStdio } from '../../src/downstream/stdio.ts';

describe('a client on standard input and output', () => {
  it('counts as gone when it leaves too much unread, while its input stays open', async () => {
    const input = new PassThrough();
    const output = new Writable({ write: () => {} });
    const face = openStdio(input, output, 1_000);
    const over = face.run({ receive: () => {} });
    while (!output.destroyed) face.outlet.request('x'.repeat(100));
    await over;
    expect(face.outlet.pending).toBe(0);
    expect(input.destroyed).toBe(false);
    face.close();
    expect(input.destroyed).toBe(true);
  });

  it('is kept while it reads', async () => {
    const input = new PassThrough();
    const output = new PassThrough().resume();
    const face = openStdio(input, output, 1_000);
    let over = false;
    const running = face.run({ receive: () => {} }).then(() => {
      over = true;
    });
    for (let line = 0; line < 50; line += 1) {
      face.outlet.request('x'.repeat(100));
      await once(output, 'data');
    }
    expect(over).toBe(false);
    input.end();
    await running;
    face.close();
  });
});
