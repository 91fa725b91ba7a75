import type { Readable, Writable } from 'node:stream';
import type { LineWriter } from '../wire/contract.ts';
import { LineSplitter } from '../wire/line-splitter.ts';
import { createLineWriter } from '../wire/line-writer.ts';
import { readMessage } from '../wire/read-message.ts';
import { rpcCode } from '../wire/rpc-error.ts';
import type { Outlet, Receiver } from './contract.ts';
import { LineOutlet } from './line-outlet.ts';

/** A client that does not read is not read from either, until this much of its answers is left. */
const pendingLimitBytes = 16 * 1024 * 1024;
const drainPollMs = 20;

/** A client that leaves more than this unread counts as gone. */
const unreadLimitBytes = 256 * 1024 * 1024;

/** The face on standard input and output: one client for the life of the process. */
export interface StdioFace {
  readonly outlet: Outlet;
  /** Reads until the client closes its end or stops reading; then resolves, once. */
  run(receiver: Receiver): Promise<void>;
  /** Lets go of the streams, so that nothing holds the process open. */
  close(): void;
}

export function openStdio(
  input: Readable,
  output: Writable,
  unreadBytes = unreadLimitBytes,
): StdioFace {
  let gone: (() => void) | undefined;
  const over = new Promise<void>((resolve) => {
    gone = resolve;
  });
  const writer = createLineWriter(output, () => gone?.(), unreadBytes);
  const outlet = new LineOutlet(writer);
  return {
    outlet,
    run: (receiver) => {
      const splitter = splitterFor(receiver, outlet);
      input.on('data', (chunk: Buffer) => {
        splitter.push(chunk);
        if (writer.pending > pendingLimitBytes) pauseUntilRead(input, writer);
      });
      input.on('end', () => {
        splitter.end();
        gone?.();
      });
      input.on('error', () => gone?.());
      return over;
    },
    close: () => {
      writer.end();
      input.destroy();
    },
  };
}

function splitterFor(receiver: Receiver, outlet: Outlet): LineSplitter {
  return new LineSplitter({
    onLine: (line) => receiver.receive(readMessage(line), outlet),
    onOverflow: (bytes) => {
      const message = `message is too large: over ${bytes} bytes`;
      outlet.refuse(null, { code: rpcCode.tooLarge, message });
    },
  });
}

function pauseUntilRead(input: Readable, writer: LineWriter): void {
  input.pause();
  const poll = setInterval(() => {
    if (writer.pending > pendingLimitBytes / 2) return;
    clearInterval(poll);
    input.resume();
  }, drainPollMs);
}
