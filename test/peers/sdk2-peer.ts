import {
  Client,
  StreamableHTTPClientTransport,
  type Transport,
} from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { textAt } from '../harness/message.ts';
import { type CallOptions, formAnswer, type Peer, type Way } from './peer.ts';

/** The `Client` of the SDK's second line, held to one era. */
export async function openSdk2(era: 'legacy' | 'modern', way: Way): Promise<Peer> {
  const asked: string[] = [];
  let changes = 0;
  const client = new Client(
    { name: 'sdk2', version: '1' },
    {
      capabilities: { elicitation: {} },
      versionNegotiation: { mode: era === 'legacy' ? 'legacy' : { pin: '2026-07-28' } },
      listChanged: {
        tools: {
          autoRefresh: false,
          debounceMs: 0,
          onChanged: () => {
            changes += 1;
          },
        },
      },
    },
  );
  client.setRequestHandler('elicitation/create', ({ params }) => {
    asked.push(params.message);
    return formAnswer;
  });
  await client.connect(transportOf(way));
  return {
    tools: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name, args, options: CallOptions = {}) => {
      const { onProgress, signal } = options;
      const result = await client.callTool(
        { name, arguments: { ...args } },
        {
          ...(onProgress !== undefined && { onprogress: ({ progress }) => onProgress(progress) }),
          ...(signal !== undefined && { signal }),
        },
      );
      return textAt(result, 'content.0.text');
    },
    asked: () => asked,
    changes: () => changes,
    close: () => client.close(),
  };
}

function transportOf(way: Way): Transport {
  if (way.kind === 'stdio') {
    const { command, args, env } = way;
    return new StdioClientTransport({ command, args: [...args], ...(env && { env: { ...env } }) });
  }
  return new StreamableHTTPClientTransport(new URL(way.url));
}
