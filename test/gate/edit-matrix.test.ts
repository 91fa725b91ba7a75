import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/core/json.ts';
import { Lifetime } from '../../src/core/lifetime.ts';
import type { Decision } from '../../src/policy/decision.ts';
import type { PolicyInput } from '../../src/policy/input.ts';
import { modernSpeaker } from '../bridge/rig.ts';
import { asksOnce, decisions } from './rig.ts';
import { RoundsRig, stateIn } from './rounds-rig.ts';

let rig: RoundsRig;
beforeEach(() => {
  rig = new RoundsRig();
});
afterEach(() => rig.close());

const { hello } = modernSpeaker;
const speaker = {
  ...modernSpeaker,
  hello: { ...hello, clientInfo: { name: 'codex', version: '1' } },
};

/** How a client gets from its first request to what came of the call. */
interface Carrier {
  readonly name: string;
  /** Puts the question, does what happens meanwhile, and gives the last answer. */
  readonly carry: (
    rig: RoundsRig,
    meanwhile: (rig: RoundsRig) => Promise<void>,
  ) => Promise<JsonObject>;
  /** The same, and meanwhile the client has lost what it waited for: it comes back with the request. */
  readonly lose: (
    rig: RoundsRig,
    meanwhile: (rig: RoundsRig) => Promise<void>,
  ) => Promise<JsonObject>;
}

async function retried(meanwhile: (rig: RoundsRig) => Promise<void>): Promise<JsonObject> {
  const first = await rig.send(undefined, { speaker });
  expect(JSON.stringify(first)).toContain('PENDING APPROVAL');
  await meanwhile(rig);
  return rig.send(undefined, { speaker });
}

async function goneOn(meanwhile: (rig: RoundsRig) => Promise<void>): Promise<JsonObject> {
  const state = stateIn(await rig.send(undefined));
  await meanwhile(rig);
  return rig.send(state);
}

const carriers: readonly Carrier[] = [
  {
    name: 'a request that is held',
    carry: async (_, meanwhile) => {
      rig.gate.holdMs = 20_000;
      const answer = rig.send(undefined, { speaker });
      await rig.onePending();
      await meanwhile(rig);
      return answer;
    },
    lose: async (_, meanwhile) => {
      const lifetime = new Lifetime();
      rig.gate.holdMs = 20_000;
      const lost = rig.send(undefined, { speaker, lifetime });
      await rig.onePending();
      lifetime.end('disconnected');
      await lost;
      await meanwhile(rig);
      return rig.send(undefined, { speaker });
    },
  },
  {
    name: 'rounds',
    carry: (_, meanwhile) => goneOn(meanwhile),
    lose: (_, meanwhile) => goneOn(meanwhile),
  },
  {
    name: 'a pending result and an identical retry',
    carry: (_, meanwhile) => retried(meanwhile),
    lose: (_, meanwhile) => retried(meanwhile),
  },
];

const told = { text: expect.stringContaining('A person changed the arguments') };
const mark = (more: object) => ({ _meta: { 'dev.mcp-gate/decision': more } });
const ran = { result: { ran: true, content: [told], ...mark({ edited: true }) } };
const refused = (text: string) => ({
  result: { isError: true, content: [{ text: expect.stringContaining(text) }] },
});

const changed = '{"path":"b"}';
const isChanged = ({ resource }: PolicyInput) =>
  JSON.stringify(resource.properties.arguments) === changed;

/** What is asked about needs this of people. */
function asking(approval: Partial<NonNullable<Decision['approval']>>): void {
  rig.gate.policy = (input) => {
    const decision = asksOnce(input);
    if (decision.outcome !== 'escalate') return decision;
    return { ...decision, approval: { ...decisions.escalate.approval, ...approval } };
  };
}

interface Row {
  readonly when: string;
  readonly way: 'carry' | 'lose';
  readonly before?: () => void;
  readonly meanwhile: (rig: RoundsRig) => Promise<void>;
  readonly gets: object;
  readonly reached: readonly string[];
  /** The entries about approvals, in order. */
  readonly journal: readonly string[];
}

const edited = ['requested', 'edited', 'cancelled', 'approved'];

const rows: readonly Row[] = [
  {
    when: 'changed in time',
    way: 'carry',
    meanwhile: () => rig.change({ path: 'b' }),
    gets: ran,
    reached: [changed],
    journal: [...edited, 'consumed'],
  },
  {
    when: 'changed late, after the gate was started anew',
    way: 'lose',
    meanwhile: async () => {
      await rig.restart();
      await rig.change({ path: 'b' });
    },
    gets: ran,
    reached: [changed],
    journal: [...edited, 'consumed'],
  },
  {
    when: 'changed, and the gate is started anew before the yes is used',
    way: 'lose',
    meanwhile: async () => {
      await rig.change({ path: 'b' });
      await rig.restart();
    },
    gets: ran,
    reached: [changed],
    journal: [...edited, 'consumed'],
  },
  {
    when: 'changed, and policy denies the changed call',
    way: 'carry',
    before: () => {
      rig.gate.policy = (input) => (isChanged(input) ? decisions.deny : asksOnce(input));
    },
    meanwhile: () => rig.change({ path: 'b' }),
    gets: refused('Denied by policy: not here'),
    reached: [],
    journal: [...edited, 'cancelled'],
  },
  {
    when: 'changed to what the tool does not take',
    way: 'carry',
    before: () => {
      const { tool } = rig.gate;
      const fault = (args: JsonObject) => (args['path'] === 'b' ? 'no such path' : undefined);
      rig.gate.tool = tool && { ...tool, fault };
    },
    meanwhile: () => rig.change({ path: 'b' }),
    gets: refused("arguments do not fit the tool's schema: no such path"),
    reached: [],
    journal: [...edited, 'cancelled'],
  },
  {
    when: 'changed between the two votes of a quorum',
    way: 'carry',
    before: () => asking({ quorum: 2 }),
    meanwhile: async () => {
      await rig.yes('kim');
      await rig.change({ path: 'b' });
      expect(rig.gate.reached).toEqual([]);
      await rig.yes('kim');
    },
    gets: ran,
    reached: [changed],
    journal: ['requested', 'voted', 'edited', 'cancelled', 'voted', 'approved', 'consumed'],
  },
  {
    when: 'changed by one, and denied by another',
    way: 'carry',
    before: () => asking({ quorum: 2 }),
    meanwhile: async () => {
      await rig.change({ path: 'b' });
      await rig.no();
    },
    gets: refused('Denied by an approver. It did not run.'),
    reached: [],
    journal: ['requested', 'edited', 'cancelled', 'voted', 'denied'],
  },
  {
    when: 'changed by one, and changed once more by another',
    way: 'carry',
    before: () => asking({ quorum: 2 }),
    meanwhile: async () => {
      await rig.change({ path: 'c' });
      await rig.change({ path: 'b' }, 'kim');
      await rig.yes();
    },
    gets: ran,
    reached: [changed],
    journal: [
      ...['requested', 'edited', 'cancelled', 'voted', 'edited', 'cancelled'],
      ...['voted', 'approved', 'consumed'],
    ],
  },
  {
    when: 'changed by one before the gate was started anew, and approved by another after that',
    way: 'lose',
    before: () => asking({ quorum: 2 }),
    meanwhile: async () => {
      await rig.change({ path: 'b' });
      await rig.restart();
      await rig.yes('kim');
    },
    gets: ran,
    reached: [changed],
    journal: ['requested', 'edited', 'cancelled', 'voted', 'approved', 'consumed'],
  },
];

describe.each(carriers.map((carrier) => [carrier.name, carrier] as const))('%s', (_, carrier) => {
  it.each(rows.map((row) => [row.when, row] as const))('%s', async (__, row) => {
    row.before?.();
    expect(await carrier[row.way](rig, row.meanwhile)).toMatchObject(row.gets);
    expect(rig.gate.reached).toEqual(row.reached);
    expect(rig.approvalKinds()).toEqual(row.journal);
    const forwarded = rig.entries('decision').filter((entry) => entry['forwarded'] === true);
    expect(forwarded).toHaveLength(row.reached.length);
    for (const each of forwarded)
      expect(each).toMatchObject({ edited: { approval_id: expect.any(String) } });
    const executed = rig.entries('outcome').filter((entry) => entry['status'] === 'executed');
    expect(executed).toHaveLength(row.reached.length);
    // Another identical call is a new question, about what its caller asks for.
    rig.gate.holdMs = 1;
    const { reached } = rig.gate;
    await rig.send(undefined, { speaker });
    expect(reached).toEqual(row.reached);
    if (reached.length > 0) expect((await rig.onePending()).edited).toBeUndefined();
  });

  it('changed by one, and not approved by another in time', async () => {
    asking({ quorum: 2, expires_in_s: 1 });
    const got = await carrier.carry(rig, async () => {
      const { expiresMs } = await rig.onePending();
      await rig.change({ path: 'b' });
      while (Date.now() < expiresMs) await sleep(expiresMs - Date.now());
    });
    expect(rig.gate.reached).toEqual([]);
    // Whoever makes the call anew asks anew; whoever waited is told.
    const asksAnew = carrier.name.includes('retry');
    expect(got).toMatchObject(
      refused(asksAnew ? 'PENDING APPROVAL' : 'Nobody approved this call in time.'),
    );
    const kinds = ['requested', 'edited', 'cancelled', 'voted', 'expired'];
    expect(rig.approvalKinds()).toEqual(asksAnew ? [...kinds, 'requested'] : kinds);
  });

  it('changed and approved, and not used in time', async () => {
    asking({ expires_in_s: 1 });
    const got = await carrier.lose(rig, async () => {
      const { expiresMs } = await rig.onePending();
      await rig.change({ path: 'b' });
      while (Date.now() < expiresMs) await sleep(expiresMs - Date.now());
      rig.gate.holdMs = 1;
    });
    expect(rig.gate.reached).toEqual([]);
    const text =
      carrier.name === 'rounds' ? 'Nobody approved this call in time.' : 'PENDING APPROVAL';
    expect(got).toMatchObject(refused(text));
  });
});

it('rounds go on with what was made of the call, and end with it', async () => {
  asking({ quorum: 2 });
  const first = stateIn(await rig.send(undefined));
  await rig.change({ path: 'b' });
  const { id } = await rig.onePending();
  const got = await rig.send(first);
  expect(got).toMatchObject({ result: mark({ approval_id: id }) });
  await rig.restart();
  await rig.change({ path: 'c' }, 'kim');
  const second = await rig.send(stateIn(got));
  await rig.yes();
  expect(await rig.send(stateIn(second))).toMatchObject(ran);
  expect(rig.gate.reached).toEqual(['{"path":"c"}']);
  expect(rig.entries('approval.requested')).toHaveLength(1);
});
