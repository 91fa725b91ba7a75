import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { LineClient } from '../harness/line-client.ts';
import { decisionOf, pick, textAt } from '../harness/message.ts';
import { allowAll, scratch } from '../harness/scratch.ts';
import { until } from '../harness/until.ts';

const rule = (outcome: string): string => `package gate.rules.demo

${outcome} contains {"id": "demo.${outcome}", "reason": "the demo says so"} if true
`;

const call = { name: 'raw__read', arguments: {} };

/** Calls until the answer fits: a change is seen between two calls, without a restart. */
async function callUntil(client: LineClient, fits: (text: string) => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const answer = await client.request('tools/call', call);
    const text = textAt(answer, 'result.content.0.text');
    if (fits(text)) return;
    if (Date.now() > deadline) throw new Error(`still answers ${text}`);
    await sleep(50);
  }
}

it('an edited rule decides the next calls without a restart', async () => {
  const house = await scratch({ rules: { 'demo.rego': rule('allow') } });
  const client = await house.open();
  await callUntil(client, (text) => text === 'read');
  house.rule('demo.rego', rule('deny'));
  await callUntil(client, (text) => text.startsWith('Denied by policy: the demo says so'));
  house.rule('demo.rego', rule('allow'));
  await callUntil(client, (text) => text === 'read');
  const activated = await house.journal('policy.activated');
  const digests = activated.map(
    ({ body }) => JSON.stringify(body).match(/sha256:[0-9a-f]{64}/)?.[0],
  );
  expect(digests.length).toBe(3);
  expect(digests[2]).toBe(digests[0]);
  expect(digests[1]).not.toBe(digests[0]);
});

it('a broken edit keeps the last good policy, shows in status with file:row:col, and is journaled', async () => {
  const house = await scratch({ rules: { 'demo.rego': rule('allow') } });
  const client = await house.open();
  await callUntil(client, (text) => text === 'read');
  house.rule(
    'demo.rego',
    'package gate.rules.demo\n\nallow contains {"id": "demo.typo"} if {\n\tinput.resorce.id == "x"\n}\n',
  );
  const place = /rules\/demo\.rego:4:\d+/;
  await until('the fault in status', async () => place.test((await house.cli(['status'])).stdout));
  expect(pick(await house.read(['status']), 'policy.rejected.0')).toMatchObject({
    file: 'rules/demo.rego',
    row: 4,
  });
  await callUntil(client, (text) => text === 'read');
  const rejected = await house.journal('policy.rejected');
  expect(rejected.length).toBe(1);
  expect(JSON.stringify(rejected[0]?.body)).toMatch(/demo\.rego/);
  house.rule('demo.rego', rule('deny'));
  await callUntil(client, (text) => text.startsWith('Denied'));
  await until(
    'status without fault',
    async () => !place.test((await house.cli(['status'])).stdout),
  );
});

it('rules whose own tests fail are not taken', async () => {
  const house = await scratch({ rules: { 'demo.rego': rule('allow') } });
  const client = await house.open();
  await callUntil(client, (text) => text === 'read');
  house.rule(
    'demo_test.rego',
    'package gate.rules.demo_test\n\nimport data.gate.rules.demo\n\ntest_denies if count(demo.deny) == 1\n',
  );
  await house.untilStatus('failed test', (status) =>
    JSON.stringify(status).includes('test_denies'),
  );
  await callUntil(client, (text) => text === 'read');
});

it('without a good policy at start the gate answers, denies everything, and says why', async () => {
  const house = await scratch({
    rules: { 'demo.rego': 'package gate.rules.demo\n\nallow contains\n' },
  });
  const client = house.start();
  const hello = await client.initialize();
  expect(textAt(hello, 'result.serverInfo.name')).toBeTruthy();
  const answer = await client.request('tools/call', call);
  expect(decisionOf(answer)).toMatchObject({ outcome: 'deny', rules: ['gate.no-policy'] });
  const place = /rules\/demo\.rego:\d+:\d+/;
  await until('the fault in status', async () => place.test((await house.cli(['status'])).stdout));
  house.rule('demo.rego', rule('allow'));
  await callUntil(client, (text) => text === 'read');
});

it('switching mode in the config takes effect without a restart, both ways', async () => {
  const house = await scratch({ mode: 'enforce', rules: { 'demo.rego': rule('deny') } });
  const client = await house.open();
  await callUntil(client, (text) => text.startsWith('Denied'));
  house.configure({ mode: 'observe' });
  await callUntil(client, (text) => text === 'read');
  house.configure({ mode: 'enforce' });
  await callUntil(client, (text) => text.startsWith('Denied'));
  const decisions = (await house.journal('decision')).map(({ body }) => body);
  const observed = decisions.filter((body) => pick(body, 'mode') === 'observe');
  expect(observed.length).toBeGreaterThan(0);
  for (const body of observed) expect(body).toMatchObject({ outcome: 'deny', enforced: false });
  expect(decisions[0]).toMatchObject({ mode: 'enforce', enforced: true });
  expect(decisions.at(-1)).toMatchObject({ mode: 'enforce', enforced: true });
});

it('a broken config keeps the one in force', async () => {
  const house = await scratch({ rules: { 'demo.rego': rule('deny') } });
  const client = await house.open();
  await callUntil(client, (text) => text.startsWith('Denied'));
  writeFileSync(house.configFile, '{ "mode": "obse');
  await until('the fault in status', async () =>
    (await house.cli(['status'])).stdout.includes('mcp-config.json'),
  );
  await callUntil(client, (text) => text.startsWith('Denied'));
  rmSync(house.configFile);
  await callUntil(client, (text) => text.startsWith('Denied'));
  house.configure({ mode: 'observe' });
  await callUntil(client, (text) => text === 'read');
});

it('a policy folder that goes away keeps the last good policy', async () => {
  const house = await scratch({ rules: allowAll });
  const client = await house.open();
  await callUntil(client, (text) => text === 'read');
  rmSync(path.join(house.policies), { recursive: true });
  await house.untilStatus(
    'a rejected policy',
    (status) => JSON.stringify(pick(status, 'policy.rejected') ?? []) !== '[]',
  );
  await callUntil(client, (text) => text === 'read');
});
