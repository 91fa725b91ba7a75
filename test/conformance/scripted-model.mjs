/** Stands in for the model behind an agent: it wants one tool call, takes the result, and says that it is done. */
import { createServer } from 'node:http';

/** `results` are the tool results that the agent sends it, `tools` the names of those that it was offered. */
export async function startModel(tool, input) {
  const model = { results: [], tools: new Set() };
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => answer(model, { tool, input, path: request.url, body }, response));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  model.url = `http://127.0.0.1:${server.address().port}`;
  model.close = () => {
    server.closeAllConnections();
    server.close();
  };
  return model;
}

function answer(model, { tool, input, path, body }, response) {
  if (path.includes('count_tokens')) return json(response, { input_tokens: 1 });
  if (!path.startsWith('/v1/messages')) return json(response, {}, 404);
  const request = JSON.parse(body);
  for (const { name } of request.tools ?? []) model.tools.add(name);

  const content = request.messages.flatMap((each) => each.content);
  const result = content.find(({ type }) => type === 'tool_result');
  if (result !== undefined) model.results.push(result);
  // An agent asks for other things as well, such as a title: those come without the tool.
  const isWanted = result === undefined && request.tools?.some(({ name }) => name === tool);
  const block = isWanted
    ? { type: 'tool_use', id: 'toolu_1', name: tool, input }
    : { type: 'text', text: 'done' };
  send(response, request, block);
}

function send(response, { model, stream }, block) {
  const stop_reason = block.type === 'tool_use' ? 'tool_use' : 'end_turn';
  const usage = { input_tokens: 1, output_tokens: 1 };
  const message = { id: 'msg_1', type: 'message', role: 'assistant', model, usage };
  if (stream !== true) return json(response, { ...message, content: [block], stop_reason });
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const { start, delta } = pieces(block);
  for (const event of [
    { type: 'message_start', message: { ...message, content: [], stop_reason: null } },
    { type: 'content_block_start', index: 0, content_block: start },
    { type: 'content_block_delta', index: 0, delta },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason }, usage },
    { type: 'message_stop' },
  ]) {
    response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  }
  response.end();
}

function pieces(block) {
  if (block.type === 'text') {
    return { start: { ...block, text: '' }, delta: { type: 'text_delta', text: block.text } };
  }
  const partial_json = JSON.stringify(block.input);
  return { start: { ...block, input: {} }, delta: { type: 'input_json_delta', partial_json } };
}

function json(response, value, status = 200) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}
