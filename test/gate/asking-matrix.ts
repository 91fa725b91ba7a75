import { expect, vi } from 'vitest';
import type { JsonObject } from '../../src/core/json.ts';
import { Lifetime } from '../../src/core/lifetime.ts';
import type { AskingRig } from './asking-rig.ts';

const refusedAs = (text: string) => ({
  result: { isError: true, content: [{ text: expect.stringContaining(text) }] },
});
export const ran = { result: { ran: true } };
export const withdrawn = refusedAs('The request for approval was withdrawn. The call did not run');

interface Row {
  readonly when: string;
  /** What happens; the last answer. */
  readonly next: (rig: AskingRig) => Promise<JsonObject>;
  readonly gets: object;
  readonly executions: 0 | 1;
  /** The entries about approvals, in order. */
  readonly journal: readonly string[];
  /** How many questions each client was asked, and how many it was told are over. */
  readonly asked: readonly [questions: number, completed: number];
}

const requested = 'requested';
const approved = [requested, 'approved', 'consumed'];

async function meanwhile(rig: AskingRig, happens: () => Promise<void> | void): Promise<JsonObject> {
  const answer = rig.call();
  await rig.client.asked();
  await happens();
  return answer;
}

/** What may become of a call whose user was pointed to the page, in a client of the legacy era. */
export const matrix: readonly Row[] = [
  {
    when: 'the user goes there, and it is approved in time',
    next: (rig) =>
      meanwhile(rig, async () => {
        rig.client.says('accept');
        await rig.yes();
      }),
    gets: ran,
    executions: 1,
    journal: approved,
    asked: [1, 1],
  },
  {
    when: 'the client says nothing, and it is approved in time',
    next: (rig) => meanwhile(rig, rig.yes),
    gets: ran,
    executions: 1,
    journal: approved,
    asked: [1, 1],
  },
  {
    when: 'the client cannot do it after all, and it is approved in time',
    next: (rig) =>
      meanwhile(rig, async () => {
        rig.client.says(undefined);
        await rig.yes();
      }),
    gets: ran,
    executions: 1,
    journal: approved,
    asked: [1, 1],
  },
  {
    when: 'cancel is no no: it goes on waiting',
    next: (rig) =>
      meanwhile(rig, async () => {
        rig.client.says('cancel');
        await rig.yes();
      }),
    gets: ran,
    executions: 1,
    journal: approved,
    asked: [1, 1],
  },
  {
    when: 'accept is no yes: it goes on waiting, and is denied',
    next: (rig) =>
      meanwhile(rig, async () => {
        rig.client.says('accept');
        await rig.no();
      }),
    gets: refusedAs('Denied by an approver. It did not run.'),
    executions: 0,
    journal: [requested, 'denied'],
    asked: [1, 1],
  },
  {
    when: 'it is approved late, and repeated',
    next: async (rig) => {
      await rig.pendingResult();
      await rig.yes();
      await rig.client.isTold();
      return rig.call();
    },
    gets: ran,
    executions: 1,
    journal: approved,
    asked: [1, 1],
  },
  {
    when: 'it is repeated while it waits: nobody is asked again',
    next: async (rig) => {
      await rig.pendingResult();
      const again = rig.call();
      await rig.yes();
      return again;
    },
    gets: ran,
    executions: 1,
    journal: approved,
    asked: [1, 1],
  },
  {
    when: 'it is declined',
    next: (rig) => meanwhile(rig, () => rig.client.says('decline')),
    gets: withdrawn,
    executions: 0,
    journal: [requested, 'cancelled'],
    asked: [1, 1],
  },
  {
    when: 'it is declined after the call has got its pending result',
    next: async (rig) => {
      await rig.pendingResult();
      rig.client.says('decline');
      await rig.client.isTold();
      return {};
    },
    gets: {},
    executions: 0,
    journal: [requested, 'cancelled'],
    asked: [1, 1],
  },
  {
    when: 'it is declined while it is held anew',
    next: async (rig) => {
      await rig.pendingResult();
      const again = rig.call();
      await rig.decided(2);
      rig.client.says('decline');
      return again;
    },
    gets: withdrawn,
    executions: 0,
    journal: [requested, 'cancelled'],
    asked: [1, 1],
  },
  {
    when: 'it is declined when it has run already',
    next: async (rig) => {
      const answer = await meanwhile(rig, rig.yes);
      rig.client.says('decline');
      return answer;
    },
    gets: ran,
    executions: 1,
    journal: approved,
    asked: [1, 1],
  },
  {
    when: 'the caller has gone when it is approved',
    next: async (rig) => {
      const lifetime = new Lifetime();
      const answer = rig.call(rig.client, lifetime);
      await rig.client.asked();
      lifetime.end('cancelled');
      await answer;
      await rig.yes();
      return {};
    },
    gets: {},
    executions: 0,
    journal: [requested, 'approved'],
    asked: [1, 1],
  },
  {
    when: 'the whole client has gone when it is approved: there is nobody to tell',
    next: async (rig) => {
      const lifetime = new Lifetime();
      const answer = rig.call(rig.client, lifetime);
      await rig.client.asked();
      rig.client.lifetime.end('disconnected');
      lifetime.end('disconnected');
      await answer;
      await rig.yes();
      return {};
    },
    gets: {},
    executions: 0,
    journal: [requested, 'approved'],
    asked: [1, 0],
  },
  {
    when: 'the gate ends while it waits: the next session is asked, once',
    next: async (rig) => {
      await rig.pendingResult();
      await rig.restart();
      return meanwhile(rig, rig.yes);
    },
    gets: ran,
    executions: 1,
    journal: approved,
    asked: [1, 1],
  },
  {
    when: 'another session joins it and declines: neither runs',
    next: async (rig) => {
      const other = rig.another();
      const answers = [rig.call(), rig.call(other)];
      await rig.client.asked();
      await other.asked();
      other.says('decline');
      const [first, second] = await Promise.all(answers);
      expect(second).toMatchObject(withdrawn);
      await vi.waitFor(() => expect(other.completed).toHaveLength(1));
      return first ?? {};
    },
    gets: withdrawn,
    executions: 0,
    journal: [requested, 'cancelled'],
    asked: [1, 1],
  },
];
