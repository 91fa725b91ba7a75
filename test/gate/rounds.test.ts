import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PolicyInput } from '../../src/policy/input.ts';
import { modernSpeaker } from '../bridge/rig.ts';
import { asksOnce, decisions } from './rig.ts';
import { matrix, newRound, pendingText, tooLate } from './rounds-matrix.ts';
import { RoundsRig, stateIn } from './rounds-rig.ts';

let rig: RoundsRig;
beforeEach(() => {
  rig = new RoundsRig();
});
afterEach(() => rig.close());

/** Every approval that is asked for from now on is over after a second. */
function askBriefly(): void {
  const approval = { ...decisions.escalate.approval, expires_in_s: 1 };
  rig.gate.policy = (input) => {
    const decision = asksOnce(input);
    return decision.outcome === 'escalate' ? { ...decision, approval } : decision;
  };
}

async function untilAfter(timeMs: number): Promise<void> {
  while (Date.now() < timeMs) await sleep(timeMs - Date.now());
}

describe('a held call of a client that comes back', () => {
  it.each(matrix.map((row) => [row.when, row] as const))('%s', async (_, row) => {
    const first = await rig.send(undefined);
    expect(await row.next(rig, stateIn(first))).toMatchObject(row.gets);
    expect(rig.gate.reached).toHaveLength(row.executions);
    expect(rig.approvalKinds()).toEqual(row.journal);
    const forwarded = rig.entries('decision').filter((entry) => entry['forwarded'] === true);
    expect(forwarded).toHaveLength(row.executions);
    const executed = rig.entries('outcome').filter((entry) => entry['status'] === 'executed');
    expect(executed).toHaveLength(row.executions);
  });

  it('is told how it ended, and nobody is asked again, when it expired between two requests', async () => {
    askBriefly();
    const state = stateIn(await rig.send(undefined));
    const { expiresMs } = await rig.onePending();
    await untilAfter(expiresMs);
    expect(await rig.send(state)).toMatchObject(tooLate);
    expect(rig.approvalKinds()).toEqual(['requested', 'expired']);
    // The call itself may be made again, and is a question of its own.
    expect(await rig.send(undefined)).toMatchObject(newRound);
    expect(rig.approvalKinds()).toEqual(['requested', 'expired', 'requested']);
    expect(rig.gate.reached).toEqual([]);
  });

  it('is told so when the yes came and was not used in time', async () => {
    askBriefly();
    const state = stateIn(await rig.send(undefined));
    const { expiresMs } = await rig.onePending();
    await rig.yes();
    await untilAfter(expiresMs);
    expect(await rig.send(state)).toMatchObject(tooLate);
    expect(rig.approvalKinds()).toEqual(['requested', 'approved']);
    expect(rig.gate.reached).toEqual([]);
  });

  it('expires while the second request waits', async () => {
    askBriefly();
    const state = stateIn(await rig.send(undefined));
    expect(await rig.wait(state, async () => {})).toMatchObject(tooLate);
    expect(rig.approvalKinds()).toEqual(['requested', 'expired']);
    expect(rig.gate.reached).toEqual([]);
  });

  it('is asked anew, with what differs from the question that it has waited for, when that was answered meanwhile', async () => {
    const state = stateIn(await rig.send(undefined));
    const { id } = await rig.onePending();
    await rig.no();
    rig.gate.policyDigest = 'sha256:bb';
    rig.gate.environment = 'prod';
    expect(await rig.send(state)).toMatchObject(newRound);
    const differs = { differs: ['policy', 'environment'], differs_from: id };
    expect(rig.entries('approval.requested').at(-1)).toMatchObject(differs);
  });

  it('is said to differ in its arguments where policy has put another call in its place since', async () => {
    const state = stateIn(await rig.send(undefined));
    const { id } = await rig.onePending();
    rig.gate.policy = (input) => {
      const isAsked = input.resource.properties.arguments['path'] === 'a';
      const patch = { patch: { path: 'b' } };
      return isAsked ? { ...decisions.allow, outcome: 'compute', compute: patch } : asksOnce(input);
    };
    expect(await rig.send(state)).toMatchObject(newRound);
    const differs = { differs: ['arguments'], differs_from: id };
    expect(rig.entries('approval.requested').at(-1)).toMatchObject(differs);
  });

  it('is decided again in every round, and waits for one approval', async () => {
    const inputs: PolicyInput[] = [];
    rig.gate.policy = (input) => {
      inputs.push(input);
      return asksOnce(input);
    };
    const second = stateIn(await rig.send(undefined));
    const third = stateIn(await rig.send(second));
    expect(third).not.toBe(second);
    expect(inputs).toHaveLength(2);
    expect(rig.entries('decision')).toHaveLength(2);
    expect(rig.approvalKinds()).toEqual(['requested']);
  });

  it('names the approval beside the state, which shows nothing', async () => {
    const got = await rig.send(undefined);
    const { id } = await rig.onePending();
    const mark = { approval_id: id };
    expect(got).toMatchObject({ result: { _meta: { 'dev.mcp-gate/decision': mark } } });
    expect(Buffer.from(stateIn(got), 'base64url').toString('latin1')).not.toContain(id);
  });
});

const { hello } = modernSpeaker;
const named = (name: string, capabilities = hello.capabilities) => ({
  ...modernSpeaker,
  hello: { ...hello, capabilities, clientInfo: { name, version: '1' } },
});

describe('the pending result, and no round, is for', () => {
  it.each([
    ['a client that declares nothing that it could be asked', named('modern', {})],
    ['a client that is known not to come back', named('codex')],
  ])('%s', async (_, speaker) => {
    expect(await rig.send(undefined, { speaker })).toMatchObject(pendingText);
  });

  it('answers that came along unasked: the next request would lose them', async () => {
    const more = { inputResponses: { q: { action: 'accept' } } };
    expect(await rig.send(undefined, { more })).toMatchObject(pendingText);
  });

  it('calls that are not held at all', async () => {
    rig.gate.holdMs = 0;
    expect(await rig.send(undefined)).toMatchObject(pendingText);
  });
});

describe('what the configuration says of rounds', () => {
  const rows: readonly [claim: string, name: string, capabilities: object, comesBack: boolean][] = [
    ['wins over the table, for the better', 'codex', {}, true],
    ['wins over the table, for the worse', 'claude-code', { elicitation: {} }, false],
    ['wins over what the client declares', 'mute', { elicitation: {} }, false],
    ['goes by the longest beginning of a name', 'mute-no-more', {}, true],
    ['is for the rest, too', 'anybody', {}, true],
    ['leaves the table alone where it only speaks of the rest', 'gemini-cli', {}, false],
  ];
  it.each(rows)('%s', async (_, name, capabilities, comesBack) => {
    rig.gate.rounds = new Map([
      ['Codex', true],
      ['claude', false],
      ['mute', false],
      ['mute-no', true],
      ['default', true],
    ]);
    const got = await rig.send(undefined, { speaker: named(name, { ...capabilities }) });
    expect(got).toMatchObject(comesBack ? newRound : pendingText);
  });
});

it('a client that is known to come back does so whatever it declares', async () => {
  const speaker = named('claude-code', {});
  expect(await rig.send(undefined, { speaker })).toMatchObject(newRound);
});
