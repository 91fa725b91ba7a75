import { expect, it } from 'vitest';
import { decisionOf, listAt, pick, textAt } from '../harness/message.ts';
import { scratch } from '../harness/scratch.ts';
import { until } from '../harness/until.ts';

const harmless = `package gate.rules.harmless

deny contains {"id": "harmless.never", "reason": "never"} if input.resource.properties.tool == "none"
`;

it('a yes is none under another policy, environment or definition of the tool, and the journal says under which', async () => {
  const house = await scratch({ config: { approvals: { hold: { default: '1s' } } } });
  const approver = await house.approver();
  const client = await house.open();
  const count = async () =>
    decisionOf(await client.request('tools/call', { name: 'raw__count', arguments: { n: 1 } }));
  const asked: string[] = [];
  const askAndApprove = async () => {
    const id = textAt(await count(), 'approval_id');
    asked.push(id);
    expect(await house.cli(['approve', id], approver)).toMatchObject({ code: 0 });
  };
  await askAndApprove();

  const digest = await house.policyDigest();
  house.rule('harmless.rego', harmless);
  await until('the new policy', async () => (await house.policyDigest()) !== digest);
  await askAndApprove();

  house.configure({ environment: 'another' });
  await until('the new environment', async () => {
    return pick(await house.read(['status']), 'environment') === 'another';
  });
  await askAndApprove();

  const change = await client.request('tools/call', { name: 'raw__change', arguments: {} });
  await house.cli(['approve', textAt(decisionOf(change), 'approval_id')], approver);
  await client.request('tools/call', { name: 'raw__change', arguments: {} });
  const pins = ['pins', 'list', '--changed', '--config', house.configFile];
  await until('the new definition', async () => listAt(await house.read(pins), '').length > 0);
  await askAndApprove();

  expect(house.executed()).toEqual([]);
  expect(new Set(asked).size).toBe(asked.length);
  const questions = (await house.journal('approval.requested'))
    .map(({ body }) => body)
    .filter((body) => asked.some((id) => id === body['approval_id']));
  expect(questions.map((body) => [body['differs'], body['differs_from']])).toEqual([
    [undefined, undefined],
    [['policy'], asked[0]],
    [['environment'], asked[1]],
    [['pin'], asked[2]],
  ]);
});
