import path from 'node:path';
import { expect, it } from 'vitest';
import type { LineClient } from '../harness/line-client.ts';
import { type Message, pick, textAt } from '../harness/message.ts';
import { allowAll, root, scratch } from '../harness/scratch.ts';

const fixture = path.join(root, 'test', 'fixtures', 'conformance-server.mjs');
const envelope = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'restart', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': { elicitation: {} },
};

it('a modern client that was asked something goes on after the gate was killed, once', async () => {
  const house = await scratch({ rules: allowAll });
  const asking = {
    command: process.execPath,
    args: [fixture, '--record', house.record],
    gate: { prefix: false },
  };
  house.configure({ mcpServers: { asking } });

  const first = house.start();
  const asked = await call(first, {});
  expect(textAt(asked, 'result.resultType')).toBe('input_required');
  first.kill('SIGKILL');
  await first.exited;

  const again = {
    requestState: textAt(asked, 'result.requestState'),
    inputResponses: { user_name: { action: 'accept', content: { name: 'Ada' } } },
  };
  const second = house.start();
  const answered = await call(second, again);
  expect(textAt(answered, 'result.content.0.text')).toContain('Ada');
  await second.close();

  const third = house.start();
  expect(pick(await call(third, again), 'error.code')).toBe(-32602);
  await third.close();
  expect(await house.journal('decision')).toHaveLength(3);
});

function call(client: LineClient, more: object): Promise<Message> {
  const name = 'test_input_required_result_elicitation';
  return client.request('tools/call', { name, arguments: {}, ...more, _meta: envelope });
}
