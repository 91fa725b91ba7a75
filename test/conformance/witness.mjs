/**
 * Stands between a client and what it talks to, and writes down what the client says, one message a line.
 *
 *   node witness.mjs FILE COMMAND [ARGS…]     over stdio
 *   startWitness(file, url)                   over HTTP
 */
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { argv } from 'node:process';

if (import.meta.filename === argv[1]) overStdio(argv[2], argv[3], argv.slice(4));

function overStdio(file, command, args) {
  const child = spawn(command, args, { stdio: ['pipe', 'inherit', 'inherit'] });
  process.stdin.on('data', (chunk) => {
    appendFileSync(file, chunk);
    child.stdin.write(chunk);
  });
  process.stdin.on('end', () => child.stdin.end());
  child.on('exit', (code) => process.exit(code ?? 1));
  child.on('error', () => process.exit(1));
}

/** A relay to the origin of `url`; returns the URL to be used instead, and what ends it. */
export async function startWitness(file, url) {
  const { port } = new URL(url);
  const server = createServer((incoming, outgoing) => {
    const { method, url: path } = incoming;
    // The gate serves only those who call it by its own name.
    const headers = { ...incoming.headers, host: `127.0.0.1:${port}` };
    const there = request({ host: '127.0.0.1', port, method, headers, path }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    there.on('error', () => outgoing.destroy());
    outgoing.on('close', () => there.destroy());
    let body = '';
    incoming.on('data', (chunk) => {
      body += chunk;
      there.write(chunk);
    });
    incoming.on('end', () => {
      if (body !== '') appendFileSync(file, `${body}\n`);
      there.end();
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}${new URL(url).pathname}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** What the client said, in order. */
export function messagesIn(file) {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** The era of everything in the file: `modern`, `legacy`, `both` or `nothing`. */
export function eraIn(file) {
  const messages = messagesIn(file);
  const isModern = (message) =>
    message.params?._meta?.['io.modelcontextprotocol/protocolVersion'] === '2026-07-28';
  const modern = messages.some((message) => message.method === 'tools/list' && isModern(message));
  const legacy = messages.some((message) => message.method === 'initialize');
  if (modern && legacy) return 'both';
  if (modern) return 'modern';
  return legacy ? 'legacy' : 'nothing';
}
