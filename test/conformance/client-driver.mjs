/**
 * One client scenario: starts a gate over stdio with the suite's server behind it, and does as an agent what the scenario waits for.
 *
 *   client-driver.mjs GATE SCRATCH ERA URL
 */
import { openAgent } from './agent.mjs';
import { writeConfig } from './driver-config.mjs';

const [gate, scratch, era, url] = process.argv.slice(2);
const scenario = process.env.MCP_CONFORMANCE_SCENARIO ?? '';
const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? '{}');
const sum = { a: 2, b: 3 };

/** What the agent does once it is connected, by scenario; otherwise it lists the tools and calls the first. */
const plans = {
  initialize: listOnly,
  'request-metadata': listOnly,
  'json-schema-ref-no-deref': listOnly,
  'json-schema-2020-12-preservation': async (agent) => {
    const tools = await agent.list('tools/list', 'tools');
    const seen = tools.find(({ name }) => name === 'json_schema_2020_12_tool');
    await agent.call('json_schema_echo', { schema: seen.inputSchema });
  },
  'http-standard-headers': async (agent) => {
    for (const { name } of await agent.list('tools/list', 'tools')) await agent.call(name, {});
    for (const { uri } of await agent.list('resources/list', 'resources')) {
      await agent.request('resources/read', { uri });
    }
    for (const { name } of await agent.list('prompts/list', 'prompts')) {
      await agent.request('prompts/get', { name });
    }
  },
  'http-custom-headers': async (agent) => {
    await agent.list('tools/list', 'tools');
    for (const { name, arguments: args } of context.toolCalls ?? []) await agent.call(name, args);
  },
  'http-invalid-tool-headers': async (agent) => {
    const tools = await agent.list('tools/list', 'tools');
    for (const { name } of tools) await agent.call(name, { region: 'us-west1' });
  },
  'sep-2322-client-request-state': async (agent) => {
    await agent.list('tools/list', 'tools');
    for (const name of ['test_mrtr_echo_state', 'test_mrtr_unrelated', 'test_mrtr_no_state']) {
      await agent.call(name, {});
    }
    await agent.call('test_mrtr_no_result_type', {});
  },
};

async function listOnly(agent) {
  await agent.list('tools/list', 'tools');
}

async function listAndCall(agent) {
  const [first] = await agent.list('tools/list', 'tools');
  if (first === undefined) throw new Error('no tools through the gate');
  await agent.call(first.name, sum);
}

const config = writeConfig(scratch, era, url);
const agent = await openAgent(era, process.execPath, [gate, 'run', '--config', config]);
try {
  await (plans[scenario] ?? listAndCall)(agent);
} finally {
  await agent.close();
}
