import { expect } from 'vitest';
import type { JsonObject } from '../../src/core/json.ts';
import { Lifetime } from '../../src/core/lifetime.ts';
import type { PolicyInput } from '../../src/policy/input.ts';
import { decisions } from './rig.ts';
import type { TasksRig } from './tasks-rig.ts';

const completed = (result: object) => ({
  result: { resultType: 'complete', status: 'completed', result },
});
const ran = completed({ resultType: 'complete', ran: true });
const toldAs = (text: string) =>
  completed({ isError: true, content: [{ text: expect.stringContaining(text) }] });
export const tooLate = toldAs('Nobody approved this call in time. It did not run.');
const working = { result: { resultType: 'complete', status: 'working' } };
const cancelled = (text: string) => ({
  result: { status: 'cancelled', statusMessage: expect.stringContaining(text) },
});
const unknownTask = { error: { code: -32602, message: 'Unknown task' } };

export interface Row {
  readonly when: string;
  /** What happens from the task on; the last answer. */
  readonly next: (rig: TasksRig, taskId: string) => Promise<JsonObject>;
  readonly gets: object;
  readonly executions: 0 | 1;
  /** The entries about approvals, in order. */
  readonly journal: readonly string[];
  /** The statuses of the outcomes; one for each execution without it. */
  readonly outcomes?: readonly string[];
}

const requested = 'requested';
const approved = ['requested', 'approved', 'consumed'];

/** Wants more than was asked for before. */
function asksTwice({ context }: PolicyInput) {
  const rules = ['t.ask', 't.more'].map((id) => ({ id, reason: 'needs a yes' }));
  const isSaid = rules.every(({ id }) => context.approval?.rules.includes(id) === true);
  return isSaid ? decisions.allow : { ...decisions.escalate, rules };
}

/** What may become of a call between its task and the last answer about it. */
export const matrix: readonly Row[] = [
  {
    when: 'approved before it is asked for',
    next: async (rig, id) => {
      await rig.yes();
      return rig.untilOver(id);
    },
    gets: ran,
    executions: 1,
    journal: approved,
  },
  {
    when: 'approved while it is asked for again and again',
    next: async (rig, id) => {
      for (let poll = 0; poll < 3; poll += 1) expect(await rig.get(id)).toMatchObject(working);
      await rig.yes();
      return rig.untilOver(id);
    },
    gets: ran,
    executions: 1,
    journal: approved,
  },
  {
    when: 'not decided',
    next: (rig, id) => rig.get(id),
    gets: working,
    executions: 0,
    journal: [requested],
  },
  {
    when: 'denied',
    next: async (rig, id) => {
      await rig.no();
      return rig.untilOver(id);
    },
    gets: toldAs('Denied by an approver. It did not run.'),
    executions: 0,
    journal: [requested, 'denied'],
  },
  {
    when: 'cancelled by the requester before anybody decided',
    next: async (rig, id) => {
      expect(await rig.takeBack(id)).toEqual({ result: { resultType: 'complete' } });
      return rig.get(id);
    },
    gets: cancelled('It did not run.'),
    executions: 0,
    journal: [requested, 'cancelled'],
  },
  {
    when: 'cancelled by the requester behind the yes',
    next: async (rig, id) => {
      await rig.yes();
      await rig.takeBack(id);
      return rig.get(id);
    },
    gets: cancelled('It did not run.'),
    executions: 0,
    journal: [requested, 'approved', 'cancelled'],
  },
  {
    when: 'cancelled by the requester, who asks again after a restart',
    next: async (rig, id) => {
      await rig.takeBack(id);
      await rig.restart();
      return rig.get(id);
    },
    gets: cancelled('It did not run.'),
    executions: 0,
    journal: [requested, 'cancelled'],
  },
  {
    when: 'cancelled by the requester while the tool works: its server is told',
    next: async (rig, id) => {
      const finish = rig.slowly();
      rig.gate.deliver = () =>
        new Promise((resolve) => {
          rig.sent?.onEnd(() => resolve({ kind: 'lost', reason: 'cancelled' }));
        });
      await rig.yes();
      expect(await rig.get(id)).toMatchObject(working);
      await rig.takeBack(id);
      expect(rig.sent?.ended).toBe('cancelled by its caller');
      finish();
      return rig.untilOver(id);
    },
    gets: cancelled('It may have run'),
    executions: 1,
    journal: approved,
    outcomes: ['unknown'],
  },
  {
    when: 'cancelled by the requester too late: the tool was done before it heard of it',
    next: async (rig, id) => {
      const finish = rig.slowly();
      await rig.yes();
      await rig.get(id);
      await rig.takeBack(id);
      finish();
      return rig.untilOver(id);
    },
    gets: ran,
    executions: 1,
    journal: approved,
  },
  {
    when: 'cancelled by the requester after its end',
    next: async (rig, id) => {
      await rig.yes();
      await rig.untilOver(id);
      await rig.takeBack(id);
      return rig.get(id);
    },
    gets: ran,
    executions: 1,
    journal: approved,
  },
  {
    when: 'superseded: an identical call asked for more, and that was approved',
    next: async (rig, id) => {
      await rig.yes();
      rig.gate.policy = asksTwice;
      const other = await rig.open();
      await rig.takeBack(other);
      expect(await rig.get(id)).toMatchObject(working);
      await rig.yes();
      return rig.untilOver(id);
    },
    gets: ran,
    executions: 1,
    journal: [
      requested,
      'approved',
      requested,
      'cancelled',
      'cancelled',
      requested,
      'approved',
      'consumed',
    ],
  },
  {
    when: 'superseded, and joined with the call that asked for more',
    next: async (rig, id) => {
      await rig.yes();
      rig.gate.policy = asksTwice;
      await rig.open();
      expect(await rig.get(id)).toMatchObject(working);
      await rig.yes();
      return rig.untilOver(id);
    },
    gets: ran,
    executions: 1,
    journal: [requested, 'approved', requested, 'cancelled', 'approved', 'consumed'],
  },
  {
    when: 'used up by an identical call: it is asked anew',
    next: async (rig, id) => {
      const other = await rig.open();
      await rig.yes();
      expect(await rig.untilOver(other)).toMatchObject(ran);
      return rig.get(id);
    },
    gets: working,
    executions: 1,
    journal: [...approved, requested],
  },
  {
    when: 'approved, and nobody asks any more',
    next: async (rig) => {
      await rig.yes();
      return { result: null };
    },
    gets: { result: null },
    executions: 0,
    journal: [requested, 'approved'],
  },
  {
    when: 'approved, and whoever asks is gone before it is sent: that waits for the next time',
    next: async (rig, id) => {
      await rig.yes();
      const { policy } = rig.gate;
      const lifetime = new Lifetime();
      rig.gate.policy = (input) => {
        lifetime.end('disconnected');
        return policy(input);
      };
      expect(await rig.get(id, { lifetime })).toEqual({ gone: true });
      rig.gate.policy = policy;
      await rig.idle(id);
      expect(rig.gate.reached).toEqual([]);
      return rig.untilOver(id);
    },
    gets: ran,
    executions: 1,
    journal: approved,
  },
  {
    when: 'sent, and whoever asked is gone while the tool works: it comes back late',
    next: async (rig, id) => {
      const finish = rig.slowly();
      await rig.yes();
      const lifetime = new Lifetime();
      const lost = rig.get(id, { lifetime });
      await rig.reached(1);
      lifetime.end('disconnected');
      await lost;
      finish();
      return rig.untilOver(id);
    },
    gets: ran,
    executions: 1,
    journal: approved,
  },
  {
    when: 'its holder is gone and repeats the call: the result is fetched, and the task still tells it',
    next: async (rig, id) => {
      const finish = rig.slowly();
      await rig.yes();
      const lifetime = new Lifetime();
      const lost = rig.get(id, { lifetime });
      await rig.reached(1);
      lifetime.end('disconnected');
      await lost;
      finish();
      await rig.outcome('executed');
      expect(await rig.call()).toMatchObject({ result: { ran: true } });
      return rig.untilOver(id);
    },
    gets: ran,
    executions: 1,
    journal: approved,
    outcomes: ['executed', 'fetched'],
  },
  {
    when: 'told, and called again: that is another call',
    next: async (rig, id) => {
      await rig.yes();
      await rig.untilOver(id);
      return rig.get(await rig.open());
    },
    gets: working,
    executions: 1,
    journal: [...approved, requested],
  },
  {
    when: 'the gate is started anew, and it is approved then',
    next: async (rig, id) => {
      await rig.restart();
      expect(await rig.get(id)).toMatchObject(working);
      await rig.yes();
      return rig.untilOver(id);
    },
    gets: ran,
    executions: 1,
    journal: approved,
  },
  {
    when: 'it is approved, and the gate is started anew',
    next: async (rig, id) => {
      await rig.yes();
      await rig.restart();
      return rig.untilOver(id);
    },
    gets: ran,
    executions: 1,
    journal: approved,
  },
  {
    when: 'it is over, and the gate is started anew',
    next: async (rig, id) => {
      await rig.yes();
      await rig.untilOver(id);
      await rig.restart();
      return rig.get(id);
    },
    gets: ran,
    executions: 1,
    journal: approved,
  },
  {
    when: 'the gate is killed behind the record, before the dispatch: nobody knows, and nobody is asked again',
    next: async (rig, id) => {
      await rig.yes();
      rig.diesAtDispatch = true;
      await rig.get(id);
      rig.diesAtDispatch = false;
      expect(await rig.get(id)).toMatchObject(working);
      const end = await rig.kill();
      const got = await rig.get(id);
      await end();
      return got;
    },
    gets: toldAs('It may have run'),
    executions: 0,
    journal: approved,
    outcomes: ['unknown'],
  },
  {
    when: 'the gate is killed while the tool works: it is neither run nor asked again',
    next: async (rig, id) => {
      const finish = rig.slowly();
      await rig.yes();
      await rig.get(id);
      const end = await rig.kill();
      const got = await rig.get(id);
      finish();
      await end();
      return got;
    },
    gets: toldAs('It may have run'),
    executions: 1,
    journal: approved,
    outcomes: ['unknown'],
  },
  {
    when: 'let through without its yes, and the gate is killed while the tool works: it is not run again',
    next: async (rig, id) => {
      const finish = rig.slowly();
      await rig.yes();
      rig.gate.policy = () => decisions.allow;
      await rig.get(id);
      const end = await rig.kill();
      rig.gate.policy = () => decisions.allow;
      const got = await rig.get(id);
      finish();
      await end();
      return got;
    },
    gets: toldAs('It may have run'),
    executions: 1,
    journal: [requested, 'approved'],
    outcomes: ['unknown'],
  },
  {
    when: 'let through without its yes: it runs once, and the end is told',
    next: async (rig, id) => {
      await rig.yes();
      rig.gate.policy = () => decisions.allow;
      await rig.untilOver(id);
      await rig.restart();
      rig.gate.policy = () => decisions.allow;
      return rig.get(id);
    },
    gets: ran,
    executions: 1,
    journal: [requested, 'approved'],
  },
  {
    when: 'the gate is killed between the outcome and the end of the task: the kept result is told',
    next: async (rig, id) => {
      rig.losesEnds = true;
      await rig.yes();
      await rig.get(id);
      rig.losesEnds = false;
      const end = await rig.kill();
      const got = await rig.get(id);
      expect(await rig.get(id)).toEqual(got);
      await end();
      return got;
    },
    gets: completed({ ran: true }),
    executions: 1,
    journal: approved,
  },
  {
    when: 'its end cannot be written: it is told from memory',
    next: async (rig, id) => {
      rig.losesEnds = true;
      await rig.yes();
      return rig.untilOver(id);
    },
    gets: ran,
    executions: 1,
    journal: approved,
  },
  {
    when: 'asked for twice at once behind the yes',
    next: async (rig, id) => {
      await rig.yes();
      const [first, second] = await Promise.all([rig.get(id), rig.get(id)]);
      expect(second).toEqual(first);
      return first ?? {};
    },
    gets: ran,
    executions: 1,
    journal: approved,
  },
  {
    when: 'told as often as it is asked for, and never run again',
    next: async (rig, id) => {
      await rig.yes();
      const first = await rig.untilOver(id);
      for (let poll = 0; poll < 3; poll += 1) expect(await rig.get(id)).toEqual(first);
      return rig.get(id);
    },
    gets: ran,
    executions: 1,
    journal: approved,
  },
  {
    when: 'asked for by another caller',
    next: async (rig, id) => {
      await rig.yes();
      const scope = 'os:mallory';
      expect(await rig.takeBack(id, { scope })).toMatchObject(unknownTask);
      expect(await rig.update(id, { scope })).toMatchObject(unknownTask);
      return rig.get(id, { scope });
    },
    gets: unknownTask,
    executions: 0,
    journal: [requested, 'approved'],
  },
  {
    when: 'over, and asked for by another caller',
    next: async (rig, id) => {
      await rig.yes();
      await rig.untilOver(id);
      return rig.get(id, { scope: 'os:mallory' });
    },
    gets: unknownTask,
    executions: 1,
    journal: approved,
  },
  {
    when: 'asked for by a forged name',
    next: async (rig, id) => {
      await rig.yes();
      const forged = `${id.slice(0, -1)}${id.endsWith('A') ? 'B' : 'A'}`;
      expect(await rig.get(`mg-${'A'.repeat(43)}`)).toMatchObject(unknownTask);
      expect(await rig.get(`${id} 1`)).toMatchObject(unknownTask);
      return rig.get(forged);
    },
    gets: unknownTask,
    executions: 0,
    journal: [requested, 'approved'],
  },
  {
    when: 'answered: nothing was asked, and nothing comes of it',
    next: async (rig, id) => {
      await rig.yes();
      return rig.update(id);
    },
    gets: { result: { resultType: 'complete' } },
    executions: 0,
    journal: [requested, 'approved'],
  },
  {
    when: 'denied by policy when it is taken up, whatever a person said',
    next: async (rig, id) => {
      await rig.yes();
      rig.gate.policy = () => decisions.deny;
      return rig.untilOver(id);
    },
    gets: toldAs('Denied by policy'),
    executions: 0,
    journal: [requested, 'approved'],
  },
  {
    when: 'under another policy by then: the yes was none to that',
    next: async (rig, id) => {
      await rig.yes();
      rig.gate.policyDigest = 'sha256:bb';
      return rig.get(id);
    },
    gets: working,
    executions: 0,
    journal: [requested, 'approved', requested],
  },
  {
    when: 'the tool is another by then: the yes was none to that',
    next: async (rig, id) => {
      await rig.yes();
      const { tool } = rig.gate;
      rig.gate.tool = tool && { ...tool, pin: 'sha256:another' };
      return rig.get(id);
    },
    gets: working,
    executions: 0,
    journal: [requested, 'approved', requested],
  },
  {
    when: 'everything is stopped by then',
    next: async (rig, id) => {
      await rig.yes();
      rig.gate.frozen = 'stop';
      return rig.untilOver(id);
    },
    gets: completed({ isError: true }),
    executions: 0,
    journal: [requested, 'approved'],
  },
];
