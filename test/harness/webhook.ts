import { createServer, type IncomingHttpHeaders } from 'node:http';
import { onTestFinished } from 'vitest';

interface Taken {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A web server on this machine that takes notices; it answers with `statuses` in turn, and then with 204. */
export async function startWebhook(...statuses: readonly number[]) {
  const taken: Taken[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const status = statuses[taken.length] ?? 204;
    taken.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
    response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { url: `http://127.0.0.1:${address.port}/hook/private-token`, taken };
}
