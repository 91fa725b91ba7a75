/**
 * A server built on the SDK's second line, with the tools that the scenes call; one factory serves both eras.
 *
 *   node sdk2-server.mjs RECORD [--modern-only]      over stdio
 *   node sdk2-server.mjs RECORD --http               over HTTP, modern only; prints its URL
 */
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { toNodeHandler } from '@modelcontextprotocol/node';
import {
  acceptedContent,
  createMcpHandler,
  inputRequired,
  McpServer,
} from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { z } from 'zod';

const [record, ...flags] = process.argv.slice(2);
const text = (value) => ({ content: [{ type: 'text', text: value }] });
const yes = z.object({ response: z.string() });

function note(fact) {
  appendFileSync(record, `${JSON.stringify(fact)}\n`);
}

function factory() {
  const server = new McpServer(
    { name: 'two', version: '1.0.0' },
    { capabilities: { tools: { listChanged: true } } },
  );
  let dynamic;
  const tool = (name, inputSchema, run) =>
    server.registerTool(
      name,
      { description: name, inputSchema: z.object(inputSchema) },
      (args, ctx) => {
        note({ tool: name });
        return run(args, ctx);
      },
    );

  tool('test_echo', { text: z.string() }, ({ text: said }) => text(said));
  tool('test_tool_with_progress', {}, async (_args, ctx) => {
    const progressToken = ctx.mcpReq._meta?.progressToken;
    for (const progress of [0, 50, 100]) {
      if (progressToken !== undefined) {
        const params = { progressToken, progress, total: 100 };
        await ctx.mcpReq.notify({ method: 'notifications/progress', params });
      }
      await sleep(50);
    }
    return text('done');
  });
  tool('test_slow', { ms: z.number().optional() }, async ({ ms }, ctx) => {
    ctx.mcpReq.signal.addEventListener('abort', () => note({ cancelled: true }));
    await sleep(ms ?? 60_000, undefined, { signal: ctx.mcpReq.signal });
    return text('slow');
  });
  tool('test_elicitation', { message: z.string() }, ({ message }, ctx) => {
    const given = acceptedContent(ctx.mcpReq.inputResponses, 'answer', yes);
    if (given !== undefined) {
      return text(`User response: action=accept, content=${JSON.stringify(given)}`);
    }
    return inputRequired({
      inputRequests: { answer: inputRequired.elicit({ message, requestedSchema: yes }) },
    });
  });
  tool('test_trigger_tool_change', {}, () => {
    if (dynamic === undefined) {
      dynamic = server.registerTool('test_dynamic_tool', { description: 'dynamic' }, () =>
        text(''),
      );
    } else {
      dynamic.remove();
      dynamic = undefined;
    }
    return text('Mutation triggered');
  });
  return server;
}

if (flags.includes('--http')) {
  const handler = createMcpHandler(factory, { legacy: 'reject' });
  const server = createServer(toNodeHandler(handler));
  server.listen(0, '127.0.0.1', () => {
    process.stdout.write(`http://127.0.0.1:${server.address().port}/mcp\n`);
  });
} else {
  serveStdio(factory, { legacy: flags.includes('--modern-only') ? 'reject' : 'serve' });
}
