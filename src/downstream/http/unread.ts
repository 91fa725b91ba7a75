import type { Socket } from 'node:net';

/** Past what all clients together may leave unread, whoever leaves most is cut off, until the rest fits. */
export function cutOff(sockets: Iterable<Socket>, mostBytes: number): void {
  const slow = [...sockets].filter(({ writableLength }) => writableLength > 0);
  let total = slow.reduce((sum, { writableLength }) => sum + writableLength, 0);
  if (total <= mostBytes) return;
  slow.sort((one, other) => other.writableLength - one.writableLength);
  for (const socket of slow) {
    if (total <= mostBytes) return;
    total -= socket.writableLength;
    socket.destroy();
  }
}
