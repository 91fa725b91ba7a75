import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import {
  ElicitRequestSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { textAt } from '../harness/message.ts';
import { type CallOptions, formAnswer, type Peer, type Way } from './peer.ts';

/** The `Client` of the SDK's first line: legacy, over each of its transports. */
export async function openSdk1(way: Way): Promise<Peer> {
  const client = new Client({ name: 'sdk1', version: '1' }, { capabilities: { elicitation: {} } });
  const asked: string[] = [];
  let changes = 0;
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
    asked.push(params.message);
    return formAnswer;
  });
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
    changes += 1;
  });
  await client.connect(transportOf(way));
  return {
    tools: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name, args, options: CallOptions = {}) => {
      const { onProgress, signal } = options;
      const result = await client.callTool({ name, arguments: { ...args } }, undefined, {
        ...(onProgress !== undefined && { onprogress: ({ progress }) => onProgress(progress) }),
        ...(signal !== undefined && { signal }),
      });
      return textAt(result, 'content.0.text');
    },
    asked: () => asked,
    changes: () => changes,
    close: () => client.close(),
  };
}

function transportOf(way: Way): Transport {
  switch (way.kind) {
    case 'stdio': {
      const { command, args, env } = way;
      return new StdioClientTransport({
        command,
        args: [...args],
        ...(env && { env: { ...env } }),
      });
    }
    case 'http':
      return new StreamableHTTPClientTransport(new URL(way.url));
    case 'sse':
      return new SSEClientTransport(new URL(way.url));
  }
}
