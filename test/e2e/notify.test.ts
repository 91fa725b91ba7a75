import { expect, it } from 'vitest';
import { decisionOf, messageOf } from '../harness/message.ts';
import { scratch } from '../harness/scratch.ts';
import { until } from '../harness/until.ts';

const rules = `package gate.rules.notice

notice := [{"type": "notify", "channel": "log"}]

message := input.resource.properties.arguments.message

allow contains {"id": "notice.all", "reason": "runs", "obligations": notice} if message == "runs and is told"

allow contains {"id": "notice.quiet", "reason": "runs"} if message == "runs quietly"

deny contains {"id": "notice.never", "reason": "no", "obligations": notice} if message == "does not run"
`;

it('a call under "notify" leaves a line in the log, without what it says', async () => {
  const house = await scratch({ rules: { 'notice.rego': rules } });
  const client = await house.open();
  const said = async (message: string) =>
    client.request('tools/call', { name: 'raw__read', arguments: { message } });
  await said('runs quietly');
  expect(decisionOf(await said('does not run'))).toMatchObject({ rules: ['notice.never'] });
  await said('runs and is told');
  await until('a line of the log', async () => client.stderr.includes('notice.all'));
  const lines = client.stderr.split('\n').filter((line) => line.includes('gives notice'));
  expect(lines.map((line) => messageOf(JSON.parse(line)))).toMatchObject([
    { server: 'raw', tool: 'read', outcome: 'allow', rules: ['notice.all'] },
  ]);
  const [, , decision] = await house.journal('decision');
  expect(lines.join()).toContain(String(decision?.body['decision_id']));
  expect(lines.join()).not.toContain('runs and is told');
});
