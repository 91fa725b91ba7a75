import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import * as z from 'zod';
import { newTraceId } from '../../core/ids.ts';
import { commandLine, type Surroundings } from './command.ts';

/** What the agent's model would see of one call. */
export interface Answer {
  readonly text: string;
  readonly isError: boolean;
  /** The approval that the call waits for, as the gate names it in `_meta`. */
  readonly approvalId: string | undefined;
}

export interface Agent {
  tools(): Promise<readonly string[]>;
  /** Calls under a W3C trace id, as a client that traces would. */
  call(name: string, args: Readonly<Record<string, unknown>>, traceId?: string): Promise<Answer>;
  /** Resolves when the gate is gone. */
  close(): Promise<void>;
}

const result = z.object({
  content: z.array(z.looseObject({ text: z.string().optional() })),
  isError: z.boolean().default(false),
  _meta: z
    .object({
      'dev.mcp-gate/decision': z.object({ approval_id: z.string().optional() }).optional(),
    })
    .optional(),
});

/** Longer than the SDK takes to end a process that does not want to. */
const endLimitMs = 10_000;

/** Starts the gate as a client's config would, and opens a session with it; `onLog` gets what it writes to stderr. */
export async function connectAgent(
  around: Surroundings,
  onLog: (text: string) => void,
): Promise<Agent> {
  const { cwd, env, signal } = around;
  const [command, ...args] = commandLine(['run', '--config', 'mcp-config.json']);
  const transport = new StdioClientTransport({ command, args, cwd, env, stderr: 'pipe' });
  transport.stderr?.on('data', (chunk) => onLog(String(chunk)));
  const gone = new Promise<void>((resolve) => {
    transport.onclose = resolve;
  });
  const client = new Client({ name: 'mcp-gate-demo', version: '1' });
  // The gate writes into the scratch folder until its very end.
  const close = async (): Promise<void> => {
    await client.close();
    await Promise.race([gone, sleep(endLimitMs, undefined, { ref: false })]);
  };
  try {
    await client.connect(transport, { signal });
  } catch (error) {
    await close();
    throw error;
  }
  return {
    tools: async () => (await client.listTools({}, { signal })).tools.map(({ name }) => name),
    call: async (name, args, traceId = newTraceId()) => {
      const traceparent = `00-${traceId}-${newTraceId().slice(16)}-01`;
      const params = { name, arguments: args, _meta: { traceparent } };
      return answerOf(await client.callTool(params, undefined, { signal }));
    },
    close,
  };
}

function answerOf(value: unknown): Answer {
  const { content, isError, _meta } = result.parse(value);
  const text = content.map((block) => block.text ?? '').join('\n');
  return { text, isError, approvalId: _meta?.['dev.mcp-gate/decision']?.approval_id };
}
