import { cpSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { decisionOf, textAt } from '../harness/message.ts';
import { type Scratch, scratch } from '../harness/scratch.ts';
import { until } from '../harness/until.ts';

const rules = (id: string, outcome: string): string => `package gate.rules.demo

${outcome} contains {"id": "${id}", "reason": "the demo says so"} if {
	input.resource.properties.tool == "read"
}
`;

const call = { name: 'raw__read', arguments: { n: 1 } };

/** A copy of the policies in which one rule reads otherwise. */
function edited(house: Scratch, text: string): string {
  const folder = path.join(house.dir, 'edited');
  cpSync(house.policies, folder, { recursive: true });
  writeFileSync(path.join(folder, 'rules', 'demo.rego'), text);
  return folder;
}

it('replay last says reproduced, under the policy of then, also when the policy has changed since', async () => {
  const house = await scratch({ rules: { 'demo.rego': rules('demo.read', 'allow') } });
  const client = await house.open();
  const answer = await client.request('tools/call', call);
  expect(textAt(answer, 'result.content.0.text')).toBe('read');
  const before = await house.policyDigest();
  house.rule('demo.rego', rules('demo.no-read', 'deny'));
  await until('the new policy', async () => (await house.policyDigest()) !== before);
  const done = await house.cli(['replay', 'last', '--format', 'json']);
  expect(done).toMatchObject({ code: 0 });
  expect(JSON.parse(done.stdout)).toMatchObject({
    verdict: 'reproduced',
    decisions: [
      {
        recorded: { outcome: 'allow', policy_digest: before },
        replayed: { outcome: 'allow', policy_digest: before },
        verdict: 'reproduced',
      },
    ],
  });
});

it('replay with an edited rule says drift, names both outcomes and both rules, and ends with 1', async () => {
  const house = await scratch({ rules: { 'demo.rego': rules('demo.read', 'allow') } });
  const client = await house.open();
  await client.request('tools/call', call);
  const folder = edited(house, rules('demo.no-read', 'deny'));
  const asJson = await house.cli(['replay', 'last', '--policy', folder, '--format', 'json']);
  expect(asJson.code).toBe(1);
  expect(JSON.parse(asJson.stdout)).toMatchObject({
    verdict: 'drift',
    decisions: [
      { recorded: { outcome: 'allow' }, replayed: { outcome: 'deny' }, verdict: 'drift' },
    ],
  });
  const asText = await house.cli(['replay', 'last', '--policy', folder]);
  expect(asText.code).toBe(1);
  for (const word of ['drift', 'allow', 'deny', 'demo.read', 'demo.no-read']) {
    expect(asText.stdout).toContain(word);
  }
});

it('reproduces the decision before and the decision after an approval', async () => {
  const house = await scratch({ rules: { 'demo.rego': rules('demo.ask', 'escalate') } });
  const approver = await house.approver();
  const client = await house.open();
  const id = client.start('tools/call', call);
  const [approval] = await house.pending();
  await house.cli(['approve', textAt(approval, 'id')], approver);
  expect(textAt(await client.response(id), 'result.content.0.text')).toBe('read');
  const trace = (await house.journal('decision'))[0]?.traceId ?? '';
  const replayed = await house.cli(['replay', trace, '--format', 'json']);
  expect(replayed.code).toBe(0);
  expect(JSON.parse(replayed.stdout)).toMatchObject({
    trace_id: trace,
    verdict: 'reproduced',
    decisions: [
      { recorded: { outcome: 'escalate' }, replayed: { outcome: 'escalate' } },
      { recorded: { outcome: 'allow' }, replayed: { outcome: 'allow' } },
    ],
  });
});

it('reproduces a denial by the id that the agent was told', async () => {
  const house = await scratch({ rules: { 'demo.rego': rules('demo.no-read', 'deny') } });
  const client = await house.open();
  const denied = decisionOf(await client.request('tools/call', call));
  expect(denied).toMatchObject({ outcome: 'deny', rules: ['demo.no-read'] });
  const replayed = await house.cli(['replay', textAt(denied, 'decision_id'), '--format', 'json']);
  expect(replayed.code).toBe(0);
  expect(JSON.parse(replayed.stdout)).toMatchObject({
    trace_id: textAt(denied, 'trace_id'),
    verdict: 'reproduced',
  });
});

it('says undecidable, and ends with 1, when the input was not kept', async () => {
  const house = await scratch({
    rules: { 'demo.rego': rules('demo.read', 'allow') },
    config: { journal: { capture: 'none' } },
  });
  const client = await house.open();
  await client.request('tools/call', call);
  const replayed = await house.cli(['replay', 'last', '--format', 'json']);
  expect(replayed.code).toBe(1);
  expect(JSON.parse(replayed.stdout)).toMatchObject({ verdict: 'undecidable' });
});

it('ends with 1 when there is nothing to replay', async () => {
  const house = await scratch({ rules: { 'demo.rego': rules('demo.read', 'allow') } });
  const client = await house.open();
  await client.request('tools/call', call);
  const none = await house.cli(['replay', `${'0'.repeat(31)}1`]);
  expect(none.code).toBe(1);
  expect(none.stderr).toMatch(/not found|no decision|no trace/);
});
