import { expect } from 'vitest';
import type { JsonObject } from '../../src/core/json.ts';
import { decisions } from './rig.ts';
import { type RoundsRig, stateIn } from './rounds-rig.ts';

const ran = { result: { resultType: 'complete', ran: true } };
const refusedAs = (text: string) => ({
  result: { isError: true, content: [{ text: expect.stringContaining(text) }] },
});
const deniedByPerson = refusedAs('Denied by an approver. It did not run.');
export const tooLate = refusedAs('Nobody approved this call in time.');
export const pendingText = refusedAs('PENDING APPROVAL');
export const newRound = { result: { resultType: 'input_required' } };
export const badState = { error: { code: -32602 } };

export interface Row {
  readonly when: string;
  /** What happens from the first answer on, which was to come again; the last answer. */
  readonly next: (rig: RoundsRig, state: string) => Promise<JsonObject>;
  readonly gets: object;
  readonly executions: 0 | 1;
  /** The entries about approvals, in order. */
  readonly journal: readonly string[];
}

const requested = 'requested';
const approved = ['requested', 'approved', 'consumed'];

/** What may become of a call between the answer that is no result yet and the last one. */
export const matrix: readonly Row[] = [
  {
    when: 'approved between two requests',
    next: async (rig, state) => {
      await rig.yes();
      return rig.send(state);
    },
    gets: ran,
    executions: 1,
    journal: approved,
  },
  {
    when: 'approved while the second request waits',
    next: (rig, state) => rig.wait(state, () => rig.yes()),
    gets: ran,
    executions: 1,
    journal: approved,
  },
  {
    when: 'approved after several rounds',
    next: async (rig, state) => {
      const third = stateIn(await rig.send(stateIn(await rig.send(state))));
      return rig.wait(third, () => rig.yes());
    },
    gets: ran,
    executions: 1,
    journal: approved,
  },
  {
    when: 'approved when all rounds are used up, and repeated',
    next: async (rig, state) => {
      await rig.allRounds(state);
      await rig.yes();
      return rig.send(undefined);
    },
    gets: ran,
    executions: 1,
    journal: approved,
  },
  {
    when: 'not decided in any round',
    next: (rig, state) => rig.allRounds(state),
    gets: pendingText,
    executions: 0,
    journal: [requested],
  },
  {
    when: 'denied between two requests',
    next: async (rig, state) => {
      await rig.no();
      return rig.send(state);
    },
    gets: deniedByPerson,
    executions: 0,
    journal: [requested, 'denied'],
  },
  {
    when: 'denied while the second request waits',
    next: (rig, state) => rig.wait(state, () => rig.no()),
    gets: deniedByPerson,
    executions: 0,
    journal: [requested, 'denied'],
  },
  {
    when: 'cancelled between two requests: it is asked anew',
    next: async (rig, state) => {
      await rig.cancel();
      return rig.send(state);
    },
    gets: newRound,
    executions: 0,
    journal: [requested, requested],
  },
  {
    when: 'approved while the client was gone between two requests, and it comes back',
    next: async (rig, state) => {
      await rig.yes();
      expect(rig.gate.reached).toEqual([]);
      return rig.send(state);
    },
    gets: ran,
    executions: 1,
    journal: approved,
  },
  {
    when: 'approved while nobody waits any more, and nobody comes back',
    next: async (rig, state) => {
      await rig.gone(state);
      await rig.yes();
      return { result: null };
    },
    gets: { result: null },
    executions: 0,
    journal: [requested, 'approved'],
  },
  {
    when: 'approved after the client was gone from the second request, and repeated',
    next: async (rig, state) => {
      await rig.gone(state);
      await rig.yes();
      return rig.send(undefined);
    },
    gets: ran,
    executions: 1,
    journal: approved,
  },
  {
    when: 'the client is gone after the dispatch: the result is fetched',
    next: (rig, state) => rig.lostResult(state),
    gets: ran,
    executions: 1,
    journal: approved,
  },
  {
    when: 'the gate is started anew between two requests, and it is approved then',
    next: async (rig, state) => {
      await rig.restart();
      return rig.wait(state, () => rig.yes());
    },
    gets: ran,
    executions: 1,
    journal: approved,
  },
  {
    when: 'it is approved, and the gate is started anew before the next request',
    next: async (rig, state) => {
      await rig.yes();
      await rig.restart();
      return rig.send(state);
    },
    gets: ran,
    executions: 1,
    journal: approved,
  },
  {
    when: 'the gate is started anew while the second request waits: its state is used up, the call is not lost',
    next: async (rig, state) => {
      await rig.gone(state);
      await rig.restart();
      expect(await rig.send(state)).toMatchObject(badState);
      await rig.yes();
      return rig.send(undefined);
    },
    gets: ran,
    executions: 1,
    journal: approved,
  },
  {
    when: 'one state is sent twice at once',
    next: async (rig, state) => {
      await rig.yes();
      const [first, second] = await Promise.all([rig.send(state), rig.send(state)]);
      expect(second).toMatchObject(badState);
      return first ?? {};
    },
    gets: ran,
    executions: 1,
    journal: approved,
  },
  {
    when: 'one state is sent again after its call has run',
    next: async (rig, state) => {
      await rig.yes();
      await rig.send(state);
      return rig.send(state);
    },
    gets: badState,
    executions: 1,
    journal: approved,
  },
  {
    when: 'the state comes with other arguments',
    next: async (rig, state) => {
      await rig.yes();
      return rig.send(state, { args: { path: 'b' } });
    },
    gets: badState,
    executions: 0,
    journal: [requested, 'approved'],
  },
  {
    when: 'the state comes from another caller',
    next: async (rig, state) => {
      await rig.yes();
      return rig.send(state, { scope: 'os:mallory' });
    },
    gets: badState,
    executions: 0,
    journal: [requested, 'approved'],
  },
  {
    when: 'policy denies the second request, whatever a person said',
    next: async (rig, state) => {
      await rig.yes();
      rig.gate.policy = () => decisions.deny;
      return rig.send(state);
    },
    gets: refusedAs('Denied by policy'),
    executions: 0,
    journal: [requested, 'approved'],
  },
  {
    when: 'the policy is another when the second request comes: the yes was none to that',
    next: async (rig, state) => {
      await rig.yes();
      rig.gate.policyDigest = 'sha256:bb';
      return rig.send(state);
    },
    gets: newRound,
    executions: 0,
    journal: [requested, 'approved', requested],
  },
  {
    when: 'the tool is another when the second request comes: the yes was none to that',
    next: async (rig, state) => {
      await rig.yes();
      const { tool } = rig.gate;
      rig.gate.tool = tool && { ...tool, pin: 'sha256:another' };
      return rig.send(state);
    },
    gets: newRound,
    executions: 0,
    journal: [requested, 'approved', requested],
  },
  {
    when: 'everything is stopped before the second request',
    next: async (rig, state) => {
      await rig.yes();
      rig.gate.frozen = 'stop';
      return rig.send(state);
    },
    gets: { result: { isError: true } },
    executions: 0,
    journal: [requested, 'approved'],
  },
];
