import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LineClient } from '../harness/line-client.ts';
import { decisionOf, pick, textAt } from '../harness/message.ts';
import { allowAll, Scratch, scratch } from '../harness/scratch.ts';

describe('an argument that points into what the gate lives on is refused, whatever the rules allow', () => {
  let house: Scratch;
  let client: LineClient;
  beforeAll(async () => {
    house = new Scratch({ rules: allowAll });
    symlinkSync(house.house, path.join(house.workspace, 'way'));
    client = await house.open();
  });
  afterAll(() => house.dispose());

  const targets: readonly [claim: string, args: (house: Scratch) => object][] = [
    ['the config file', (house) => ({ path: house.configFile })],
    ['a policy file', (house) => ({ path: path.join(house.policies, 'rules', 'all.rego') })],
    [
      'a policy file that is not there yet',
      (house) => ({ path: path.join(house.policies, 'new.rego') }),
    ],
    ['the state folder', (house) => ({ path: house.state })],
    ['the database', (house) => ({ path: path.join(house.state, 'gate.db') })],
    ['through ../', (house) => ({ path: `${house.workspace}/../../house/mcp-config.json` })],
    ['relative to the workspace', () => ({ path: '../../house/state/gate.db' })],
    ['relative to the config', () => ({ path: 'policies/gate.rego' })],
    ['through a symbolic link', (house) => ({ path: path.join(house.workspace, 'way', 'state') })],
    ['as a file URL', (house) => ({ uri: pathToFileURL(house.configFile).href })],
    ['deep in the arguments', (house) => ({ a: [{ b: ['x', house.state] }] })],
    ['as the value of an option', (house) => ({ argv: [`--out=${house.configFile}`] })],
  ];
  it.each(targets)('%s', async (_claim, args) => {
    const answer = await client.request('tools/call', {
      name: 'raw__count',
      arguments: args(house),
    });
    expect(decisionOf(answer)).toMatchObject({ outcome: 'deny', rules: ['gate.protected-path'] });
    expect(textAt(answer, 'result.content.0.text')).toMatch(
      /leads into what the gate itself lives on/,
    );
    expect(house.executed()).toEqual([]);
  });

  it('a neighbour whose name only begins like theirs is not', async () => {
    mkdirSync(`${house.state}-of-mind`);
    const answer = await client.request('tools/call', {
      name: 'raw__count',
      arguments: { path: `${house.state}-of-mind/a` },
    });
    expect(textAt(answer, 'result.content.0.text')).toBe('counted');
  });
});

describe('the agent cannot approve itself: a yes', () => {
  let house: Scratch;
  let id: string;
  beforeAll(async () => {
    house = new Scratch({ config: { approvals: { hold: { default: '1s' } } } });
    await house.approver('alice');
    id = await askFor(house);
  });
  afterAll(() => house.dispose());

  const attempts: readonly [
    claim: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    said: RegExp,
  ][] = [
    ['without a terminal and without a credential', [], {}, /terminal|credential/],
    ['under a name without a credential', ['--as', 'alice'], {}, /terminal|credential/],
    ['with a wrong credential', [], { MCP_GATE_APPROVER: 'alice:wrong' }, /credential/],
    ['of an approver that nobody added', [], { MCP_GATE_APPROVER: 'mallory:secret' }, /credential/],
    [
      'with a credential without a name',
      [],
      { MCP_GATE_APPROVER: 'alice' },
      /MCP_GATE_APPROVER|credential/,
    ],
  ];
  it.each(attempts)('%s is refused, and the call stays held', async (_claim, args, env, said) => {
    for (const words of [
      ['approve', id],
      ['approvals', 'approve', id],
    ]) {
      const refused = await house.cli([...words, ...args], env);
      expect(refused.code).not.toBe(0);
      expect(refused.stderr).toMatch(said);
    }
    expect((await house.pending()).map((each) => pick(each, 'id'))).toEqual([id]);
    expect(house.executed()).toEqual([]);
  });

  it('of an approver that was removed is refused', async () => {
    const own = await scratch({ config: { approvals: { hold: { default: '1s' } } } });
    const alice = await own.approver('alice');
    const bob = JSON.parse(
      (await own.cli(['approvers', 'add', 'bob', '--format', 'json'], alice)).stdout,
    );
    const removed = await own.cli(['approvers', 'remove', 'alice'], {
      MCP_GATE_APPROVER: `bob:${bob.secret}`,
    });
    expect(removed.code).toBe(0);
    const asked = await askFor(own);
    expect((await own.cli(['approve', asked], alice)).code).not.toBe(0);
    await own.pending();
  });

  it('a second approver is only added by one that is there, and secrets are not kept', async () => {
    const own = await scratch();
    const alice = await own.approver('alice');
    const refused = await own.cli(['approvers', 'add', 'mallory']);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toMatch(/terminal|credential|approver/);
    const secret = alice['MCP_GATE_APPROVER']?.slice('alice:'.length) ?? '';
    expect(secret.length).toBeGreaterThanOrEqual(20);
    for (const file of ['gate.db', 'gate.db-wal']) {
      const full = path.join(own.state, file);
      if (existsSync(full)) expect(readFileSync(full).includes(secret)).toBe(false);
    }
    const listed = await own.cli(['approvers', 'list', '--format', 'json']);
    expect(listed.stdout).toContain('alice');
    expect(listed.stdout).not.toContain('mallory');
    expect(listed.stdout).not.toContain(secret);
  });
});

/** Makes a call that waits for a person; gives the approval's id once the hold is over. */
async function askFor(house: Scratch): Promise<string> {
  const client = await house.open();
  const answer = await client.request('tools/call', { name: 'raw__count', arguments: {} });
  return textAt(decisionOf(answer), 'approval_id');
}
