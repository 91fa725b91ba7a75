import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decideApproval } from '../../src/approval/decide.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { modernSpeaker } from '../bridge/rig.ts';
import { ran, withdrawn } from './asking-matrix.ts';
import { AskingRig, enrol, page } from './asking-rig.ts';
import { decisions, type GateRig } from './rig.ts';
import { RoundsRig, stateIn } from './rounds-rig.ts';

const changed = '{"path":"b"}';

/** The approver says yes to other arguments than those that were asked with. */
async function change({ store }: GateRig, id: string): Promise<void> {
  const approver = { kind: 'credential', name: 'dana' } as const;
  const said = { id, verdict: 'approve', approver, reason: undefined } as const;
  await decideApproval({ store, clock: Date.now }, { ...said, edit: { path: 'b' } });
}

async function yes({ store }: GateRig, name: string): Promise<void> {
  const [row] = store.approvals(['pending']);
  const approver = { kind: 'credential', name } as const;
  const said = { id: row?.id ?? '', verdict: 'approve', approver, reason: undefined } as const;
  await decideApproval({ store, clock: Date.now }, said);
}

/** The client is asked in a form, and its yes were enough if only one were wanted. */
function asking(gate: GateRig, quorum: number): void {
  const client = { asks: [], confirms: ['t.ask'] };
  const approval = { ...decisions.escalate.approval, quorum, client };
  gate.policy = ({ context }) =>
    context.approval === null ? { ...decisions.escalate, approval } : decisions.allow;
}

async function enrolled(gate: GateRig): Promise<void> {
  await enrol(gate);
  const row = { name: 'kim', secret: 'unused', createdMs: 0, addedBy: 'test' };
  await gate.store.write('decision', (tx) => tx.putApprover(row));
}

describe.each(['form', 'url'] as const)(
  'a client that was asked with a %s before the change',
  (mode) => {
    const speaker = {
      ...modernSpeaker,
      hello: { ...modernSpeaker.hello, capabilities: { elicitation: { [mode]: {} } } },
    };
    let rig: RoundsRig;
    beforeEach(async () => {
      rig = new RoundsRig();
      rig.gate.page = page;
      await enrolled(rig.gate);
    });
    afterEach(() => rig.close());

    const next = (got: JsonObject, said: JsonObject | undefined) =>
      rig.send(stateIn(got), {
        speaker,
        more: said === undefined ? {} : { inputResponses: { approval: said } },
      });
    const declined =
      mode === 'form' ? { action: 'accept', content: { approve: false } } : { action: 'decline' };
    const accepted = { action: 'accept', content: { approve: true } };

    it.each([
      ['that waits for another vote', 2],
      ['that has its yes', 1],
    ])('takes the changed call back with its no: one %s', async (_, quorum) => {
      asking(rig.gate, quorum);
      const first = await rig.send(undefined, { speaker });
      expect(JSON.stringify(first)).toContain('elicitation/create');
      await change(rig.gate, (await rig.onePending()).id);
      expect(await next(first, declined)).toMatchObject(withdrawn);
      expect(rig.gate.reached).toEqual([]);
      expect(rig.gate.store.approvals(['pending', 'approved'])).toEqual([]);
    });

    it('says nothing about the changed call with its yes: it is asked about that', async () => {
      asking(rig.gate, 2);
      const first = await rig.send(undefined, { speaker });
      await change(rig.gate, (await rig.onePending()).id);
      const second = await next(first, accepted);
      expect(rig.gate.reached).toEqual([]);
      const { id } = await rig.onePending();
      expect(rig.gate.store.votes(id).map(({ via }) => via)).toEqual(['credential']);
      // What it is shown now is what is asked now.
      expect(JSON.stringify(second)).toContain(id);
      await yes(rig.gate, 'kim');
      expect(await next(second, undefined)).toMatchObject(ran);
      expect(rig.gate.reached).toEqual([changed]);
    });
  },
);

describe('a session whose user was asked before the change', () => {
  let rig: AskingRig;
  beforeEach(async () => {
    rig = new AskingRig();
    rig.client.modes = ['form', 'url'];
    await enrolled(rig.gate);
    asking(rig.gate, 2);
  });
  afterEach(() => rig.close());

  it('takes the changed call back with a no', async () => {
    const answer = rig.call();
    await rig.client.asked();
    await change(rig.gate, (await rig.onePending()).id);
    rig.client.says('decline');
    expect(await answer).toMatchObject(withdrawn);
    expect(rig.gate.reached).toEqual([]);
    expect(rig.gate.store.approvals(['pending', 'approved'])).toEqual([]);
  });

  it('gives no vote to the changed call with a yes', async () => {
    const answer = rig.call();
    await rig.client.asked();
    const { id } = await rig.onePending();
    await change(rig.gate, id);
    rig.client.says('accept');
    await yes(rig.gate, 'kim');
    expect(await answer).toMatchObject(ran);
    expect(rig.gate.reached).toEqual([changed]);
    expect(rig.gate.store.votes(id)).toEqual([]);
  });
});
