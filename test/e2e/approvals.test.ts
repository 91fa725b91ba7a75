import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { LineClient } from '../harness/line-client.ts';
import { decisionOf, pick, textAt } from '../harness/message.ts';
import { type Scratch, scratch } from '../harness/scratch.ts';
import { until } from '../harness/until.ts';

type Approver = Readonly<Record<string, string>>;

/** The shipped rules in front of the reference file server, which itself would write anywhere in `area`. */
async function filesBehindGate(
  config: object = {},
): Promise<{ house: Scratch; approver: Approver }> {
  const house = await scratch({ servers: {}, config });
  house.configure({ mcpServers: { files: house.files() } });
  for (const folder of ['etc', 'ws-evil']) mkdirSync(path.join(house.area, folder));
  symlinkSync(path.join(house.area, 'etc'), path.join(house.workspace, 'link'));
  return { house, approver: await house.approver() };
}

/** The shipped rules in front of the raw server, whose `count` tool nobody said anything about. */
async function countBehindGate(
  config: object = {},
): Promise<{ house: Scratch; approver: Approver }> {
  const house = await scratch({ config });
  return { house, approver: await house.approver() };
}

function write(client: LineClient, file: string): number {
  return client.start('tools/call', {
    name: 'files__write_file',
    arguments: { path: file, content: 'written' },
  });
}

const count = (args: object) => ({ name: 'raw__count', arguments: args });

describe('write_file', () => {
  it('inside the workspace runs at once', async () => {
    const { house } = await filesBehindGate();
    const client = await house.open();
    const file = path.join(house.workspace, 'in.txt');
    const answer = await client.response(write(client, file));
    expect(pick(answer, 'result.isError')).not.toBe(true);
    expect(readFileSync(file, 'utf8')).toBe('written');
  });

  const outside: readonly [claim: string, target: string, written: string][] = [
    ['outside the workspace', 'etc/a.txt', 'etc/a.txt'],
    ['through ../ out of the workspace', 'ws/../etc/b.txt', 'etc/b.txt'],
    ['in a folder whose name only begins like the workspace', 'ws-evil/c.txt', 'ws-evil/c.txt'],
    ['through a symbolic link in the workspace', 'ws/link/d.txt', 'etc/d.txt'],
  ];
  it.each(outside)(
    '%s is held; a yes from a second process lets it run, once',
    async (_claim, target, written) => {
      const { house, approver } = await filesBehindGate();
      const client = await house.open();
      const id = write(client, `${house.area}/${target}`);
      const [approval] = await house.pending();
      expect(approval).toMatchObject({
        state: 'pending',
        server: 'files',
        tool: 'write_file',
        arguments: { path: `${house.area}/${target}`, content: 'written' },
      });
      expect(existsSync(path.join(house.area, written))).toBe(false);
      const approved = await house.cli(
        ['approve', textAt(approval, 'id'), '--reason', 'fine'],
        approver,
      );
      expect(approved).toMatchObject({ code: 0 });
      const answer = await client.response(id);
      expect(pick(answer, 'result.isError')).not.toBe(true);
      expect(readFileSync(path.join(house.area, written), 'utf8')).toBe('written');
      await house.pending(0);
    },
  );

  it('is never there after a no, nor after an identical retry', async () => {
    const { house, approver } = await filesBehindGate();
    const client = await house.open();
    const file = path.join(house.area, 'etc', 'never.txt');
    const id = write(client, file);
    const [approval] = await house.pending();
    const denied = await house.cli(['deny', textAt(approval, 'id'), '--reason', 'no'], approver);
    expect(denied).toMatchObject({ code: 0 });
    const answers = [await client.response(id), await client.response(write(client, file))];
    for (const answer of answers) {
      expect(pick(answer, 'result.isError')).toBe(true);
      expect(textAt(answer, 'result.content.0.text')).toMatch(
        /Denied by an approver\. It did not run\./,
      );
      expect(decisionOf(answer)).toMatchObject({ approval_id: textAt(approval, 'id') });
    }
    expect(existsSync(file)).toBe(false);
  });
});

describe('a held call', () => {
  it('survives kill -9 of the gate: after a restart and a yes the identical retry runs exactly once', async () => {
    const { house, approver } = await countBehindGate();
    const first = await house.open();
    first.start('tools/call', count({ n: 1 }));
    const [held] = await house.pending();
    first.kill('SIGKILL');
    await first.exited;

    const second = await house.open();
    const [still] = await house.pending();
    expect(still).toMatchObject({ id: pick(held, 'id') });
    expect(house.executed()).toEqual([]);
    await house.cli(['approve', textAt(held, 'id')], approver);
    const answer = await second.request('tools/call', count({ n: 1 }));
    expect(textAt(answer, 'result.content.0.text')).toBe('counted');
    expect(house.executed()).toEqual([{ tool: 'count', arguments: { n: 1 } }]);

    // The yes is used up: the next identical call is a new question.
    second.start('tools/call', count({ n: 1 }));
    const [asked] = await house.pending();
    expect(pick(asked, 'id')).not.toBe(pick(held, 'id'));
    expect(house.executed().length).toBe(1);
  });

  it('does not pass its yes on to other arguments', async () => {
    const { house, approver } = await countBehindGate({ approvals: { hold: { default: '1s' } } });
    const client = await house.open();
    const answer = await client.request('tools/call', count({ n: 1 }));
    await house.cli(['approve', textAt(decisionOf(answer), 'approval_id')], approver);
    const others = [{ n: 2 }, { n: '1' }, { n: 1, extra: null }, {}];
    for (const args of others) {
      const other = await client.request('tools/call', count(args));
      expect(textAt(other, 'result.content.0.text')).toMatch(/^PENDING APPROVAL/);
    }
    expect(house.executed()).toEqual([]);
    expect((await house.pending(others.length)).length).toBe(others.length);
  });

  it('ends as a pending result that names the approval and no command; the identical call then joins it', async () => {
    const { house, approver } = await countBehindGate({ approvals: { hold: { default: '1s' } } });
    const client = await house.open();
    const first = await client.request('tools/call', count({ n: 1 }));
    const id = textAt(decisionOf(first), 'approval_id');
    expect(pick(first, 'result.isError')).toBe(true);
    const text = textAt(first, 'result.content.0.text');
    expect(text).toContain(`PENDING APPROVAL ${id}`);
    expect(text).not.toMatch(/mcp-gate|approve ID|npx/);
    const again = await client.request('tools/call', count({ n: 1 }));
    expect(textAt(decisionOf(again), 'approval_id')).toBe(id);
    await house.pending(1);
    await house.cli(['approve', id], approver);
    const ran = await client.request('tools/call', count({ n: 1 }));
    expect(textAt(ran, 'result.content.0.text')).toBe('counted');
    expect(house.executed().length).toBe(1);
  });

  it('gives one execution to two identical calls that wait at once', async () => {
    const { house, approver } = await countBehindGate();
    const client = await house.open();
    const ids = [1, 2].map(() => client.start('tools/call', count({ n: 1 })));
    const [approval] = await house.pending();
    await house.cli(['approve', textAt(approval, 'id')], approver);
    await client.waitUntil('an answer', () => {
      const answered = client.arrivals.some(({ message }) => ids.some((id) => id === message.id));
      return answered ? true : undefined;
    });
    await house.pending(1);
    expect(house.executed().length).toBe(1);
  });

  it('runs nothing for a caller that has gone, however late the yes', async () => {
    const { house, approver } = await countBehindGate();
    const client = await house.open();
    const id = client.start('tools/call', count({ n: 1 }));
    const [approval] = await house.pending();
    client.notify('notifications/cancelled', { requestId: id });
    await client.request('ping');
    await house.cli(['approve', textAt(approval, 'id')], approver);
    await sleep(500);
    expect(house.executed()).toEqual([]);
    const again = await client.request('tools/call', count({ n: 1 }));
    expect(textAt(again, 'result.content.0.text')).toBe('counted');
    expect(house.executed().length).toBe(1);
  });

  it('runs on the new process of a server that was restarted meanwhile', async () => {
    const { house, approver } = await countBehindGate();
    const client = await house.open();
    const id = client.start('tools/call', count({ n: 1 }));
    const [approval] = await house.pending();
    client.start('tools/call', { name: 'raw__crash', arguments: {} });
    const crash = (await house.pending(2)).find((each) => pick(each, 'tool') === 'crash');
    await house.cli(['approve', textAt(crash, 'id')], approver);
    await until('the restart', async () => {
      const upstream = pick(await house.read(['status']), 'upstreams.0');
      return pick(upstream, 'state') === 'ready' && pick(upstream, 'restarts') === 1;
    });
    await house.cli(['approve', textAt(approval, 'id')], approver);
    expect(textAt(await client.response(id), 'result.content.0.text')).toBe('counted');
    expect(house.executed().map((each) => pick(each, 'tool'))).toEqual(['crash', 'count']);
  });

  it('tells a caller with a progress token that it waits', async () => {
    const { house, approver } = await countBehindGate();
    const client = await house.open();
    const id = client.start('tools/call', { ...count({ n: 1 }), _meta: { progressToken: 'p' } });
    const [approval] = await house.pending();
    const told = await client.waitUntil('progress', () =>
      client.notifications('notifications/progress').at(0),
    );
    expect(pick(told.message.params, 'progressToken')).toBe('p');
    await house.cli(['approve', textAt(approval, 'id')], approver);
    expect(textAt(await client.response(id), 'result.content.0.text')).toBe('counted');
  });

  it('is denied when nobody answers before it expires', async () => {
    const { house } = await countBehindGate({ approvals: { expiresIn: '1s' } });
    const client = await house.open();
    const answer = await client.request('tools/call', count({ n: 1 }));
    expect(textAt(answer, 'result.content.0.text')).toMatch(/Nobody approved this call in time/);
    expect(house.executed()).toEqual([]);
  });

  it('is decided again after the yes, by the policy that is then in force', async () => {
    const { house, approver } = await countBehindGate();
    const client = await house.open();
    const id = client.start('tools/call', count({ n: 1 }));
    const [approval] = await house.pending();
    const digest = await house.policyDigest();
    house.rule(
      'closed.rego',
      'package gate.rules.closed\n\ndeny contains {"id": "closed.count", "reason": "closed"} if {\n\tinput.resource.properties.tool == "count"\n}\n',
    );
    await until('the new policy', async () => (await house.policyDigest()) !== digest);
    await house.cli(['approve', textAt(approval, 'id')], approver);
    const answer = await client.response(id);
    expect(textAt(answer, 'result.content.0.text')).toMatch(/^Denied by policy: closed/);
    expect(house.executed()).toEqual([]);
  });
});
