import type { Parts } from '../perform.ts';
import type { Scratch } from '../scratch.ts';
import type { Stage } from '../stage.ts';

/** Said before anything is started, because starting takes a moment. */
export function announce(stage: Stage, { dir, isFetched }: Scratch): void {
  stage.plain([
    'A real MCP client calls the tools of two real servers, through mcp-gate:',
    '',
    '  agent ── mcp-gate ─┬─ files       @modelcontextprotocol/server-filesystem',
    '                     └─ everything  @modelcontextprotocol/server-everything',
    '',
  ]);
  stage.say(`SCRATCH is ${dir}. It is gone when this ends.`);
  if (isFetched) stage.say('Neither server is installed here, so npx fetches them, into SCRATCH.');
  stage.say('Starting. This policy was never seen before, so it is compiled first.');
}

/** Waits until the client has the tools of both servers. */
export async function meet({ stage, agent, gate }: Parts): Promise<void> {
  let tools: readonly string[] = [];
  await gate.until('tools of both servers', async () => {
    tools = await agent.tools();
    return ['files__', 'everything__'].every((prefix) =>
      tools.some((name) => name.startsWith(prefix)),
    );
  });
  stage.say(`The client sees one server with ${tools.length} tools, named <server>__<tool>.`);
}

export function takeLeave(stage: Stage): void {
  stage.title('Everything came as expected. Next:');
  stage.plain([
    '  register mcp-gate in your client        README, "Register it in your client"',
    '  write a rule of your own, with a test   README, "A first rule of your own"',
    '  see what each command does              mcp-gate --help',
  ]);
}
