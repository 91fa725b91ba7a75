import type { ServerResponse } from 'node:http';

/** `X-Accel-Buffering` keeps reverse proxies from holding events back (MCP 2026-07-28, Streamable HTTP). */
const headers = [
  'Content-Type',
  'text/event-stream',
  'Cache-Control',
  'no-cache, no-transform',
  'X-Accel-Buffering',
  'no',
];

/** The headers leave with the first thing that is written. */
export function openEvents(res: ServerResponse): void {
  res.writeHead(200, headers);
}

/** One JSON text without a line break as a server-sent event. */
export function writeEvent(res: ServerResponse, text: string | Buffer, id?: string): void {
  const head = id === undefined ? 'event: message\ndata: ' : `id: ${id}\nevent: message\ndata: `;
  if (typeof text === 'string') {
    res.write(`${head}${text}\n\n`);
    return;
  }
  res.cork();
  res.write(head);
  res.write(text);
  res.write('\n\n');
  res.uncork();
}

/** A comment, which clients ignore: it keeps whatever lies between from closing a quiet stream. */
export function writeComment(res: ServerResponse): void {
  res.write(': keep-alive\n\n');
}
