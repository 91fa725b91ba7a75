import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { ApprovalRow } from '../../../src/store/approval-contract.ts';
import { type Message, textAt } from '../../harness/message.ts';
import { until } from '../../harness/until.ts';
import type { Scene } from './scene.ts';

export interface Row {
  readonly when: string;
  /** Where the first gate is killed. */
  readonly killAt?: string;
  /** Whether what is asked is over after a few seconds. */
  readonly expires?: boolean;
  /** What happens; the last answer, where somebody gets one. */
  readonly play: (scene: Scene) => Promise<Message | undefined>;
  /** The text of the last answer. */
  readonly gets?: RegExp;
  readonly executions: 0 | 1;
  /** What the journal holds of approvals, and of what became of calls that were let through. */
  readonly journal: string;
}

const counted = /^counted$/;
const refused = /^Denied by an approver\. It did not run\./;
const ran = 'requested approved consumed executed';
/** What a run of unknown end leaves, and the question that comes after it. */
const lost = 'requested approved consumed unknown requested';

/** What may become of a call that waits for a person, whatever carries its answer. */
export const matrix: readonly Row[] = [
  {
    when: 'approved in time',
    play: async (scene) => {
      const row = await scene.ask();
      scene.resume();
      await scene.yes(row);
      return scene.last();
    },
    gets: counted,
    executions: 1,
    journal: ran,
  },
  {
    when: 'approved late, and nobody comes back',
    play: async (scene) => {
      const row = await scene.ask();
      await scene.cancel();
      await scene.yes(row);
      await untilSeen();
      return undefined;
    },
    executions: 0,
    journal: 'requested approved',
  },
  {
    when: 'approved late, and the call is repeated',
    play: async (scene) => {
      const row = await scene.ask();
      await scene.cancel();
      await scene.yes(row);
      await untilSeen();
      expect(scene.house.executed()).toEqual([]);
      return scene.last();
    },
    gets: counted,
    executions: 1,
    journal: ran,
  },
  {
    when: 'denied',
    play: async (scene) => {
      await scene.no(await scene.ask());
      return scene.last();
    },
    gets: refused,
    executions: 0,
    journal: 'requested denied',
  },
  {
    when: 'expired',
    expires: true,
    play: async (scene) => {
      await scene.ask();
      return scene.last();
    },
    gets: /^Nobody approved this call in time\. It did not run\./,
    executions: 0,
    journal: 'requested expired',
  },
  {
    when: 'cancelled by the client, and made again: it joins what was asked',
    play: async (scene) => {
      const row = await scene.ask();
      await scene.cancel();
      await scene.join();
      expect(scene.row(row)).toMatchObject({ state: 'pending' });
      expect(scene.house.executed()).toEqual([]);
      await scene.yes(row);
      return scene.last();
    },
    gets: counted,
    executions: 1,
    journal: ran,
  },
  {
    when: 'the client is gone, and nobody comes back',
    play: async (scene) => {
      const row = await scene.ask();
      scene.resume();
      await scene.leave();
      await scene.yes(row);
      await scene.restart();
      await untilSeen();
      return undefined;
    },
    executions: 0,
    journal: 'requested approved',
  },
  {
    when: 'the client is gone, and comes back',
    play: async (scene) => {
      const row = await scene.ask();
      scene.resume();
      await scene.leave();
      await scene.yes(row);
      await scene.restart();
      return scene.last();
    },
    gets: counted,
    executions: 1,
    journal: ran,
  },
  {
    when: 'the gate is killed before it has recorded anything',
    killAt: 'before decision',
    play: async (scene) => {
      scene.send();
      await scene.killed();
      expect(await scene.journal()).toEqual([]);
      expect(scene.decisions()).toBe(0);
      await scene.restart();
      await scene.yes(await scene.ask());
      return scene.last();
    },
    gets: counted,
    executions: 1,
    journal: ran,
  },
  {
    when: 'the gate is killed when the question is recorded',
    killAt: 'after approval.requested',
    play: async (scene) => {
      scene.send();
      await scene.killed();
      const row = await scene.onlyPending();
      await scene.restart();
      await scene.join();
      await scene.yes(row);
      return scene.last();
    },
    gets: counted,
    executions: 1,
    journal: ran,
  },
  {
    when: 'the gate is killed when it has used the yes up, before it sends the call',
    killAt: 'after approval.consumed',
    play: async (scene) => {
      const first = await scene.ask();
      await scene.yes(first);
      scene.resume();
      await scene.killed();
      const second = await askedAgain(scene, first);
      expect(scene.house.executed()).toEqual([]);
      await scene.yes(second);
      return scene.last();
    },
    gets: counted,
    executions: 1,
    journal: `${lost} approved consumed executed`,
  },
  {
    when: 'the gate is killed when the server has got the call',
    play: async (scene) => {
      const first = await scene.ask('silent');
      await scene.yes(first);
      scene.resume();
      await until('the call', () => scene.house.executed().length > 0);
      await scene.kill();
      await scene.no(await askedAgain(scene, first));
      return scene.last();
    },
    gets: refused,
    executions: 1,
    journal: `${lost} denied`,
  },
  {
    when: 'the gate is killed before it has recorded the result',
    killAt: 'before outcome',
    play: async (scene) => {
      const first = await scene.ask();
      await scene.yes(first);
      scene.resume();
      await scene.killed();
      expect(scene.house.executed()).toHaveLength(1);
      await scene.no(await askedAgain(scene, first));
      return scene.last();
    },
    gets: refused,
    executions: 1,
    journal: `${lost} denied`,
  },
];

/** The retry after the gate was killed: the yes is used up, policy is told that it may have run, somebody is asked anew. */
async function askedAgain(scene: Scene, first: ApprovalRow): Promise<ApprovalRow> {
  await scene.restart();
  expect(scene.row(first)).toMatchObject({ state: 'consumed' });
  const second = await scene.ask();
  expect(first.rules).toEqual(['proof.asks']);
  expect(second.rules).toEqual(['proof.asks', 'proof.may-have-run']);
  await scene.join();
  expect(scene.row(second)).toMatchObject({ state: 'pending' });
  return second;
}

/** A gate that would run something looks at what is approved many times a second. */
const untilSeen = () => sleep(300);

export async function proven(scene: Scene, row: Row): Promise<void> {
  const answer = await row.play(scene);
  if (row.gets !== undefined) {
    expect(textAt(answer, 'result.content.0.text')).toMatch(row.gets);
  }
  expect(scene.house.executed()).toHaveLength(row.executions);
  expect(await scene.journal()).toEqual(row.journal.split(' '));
}
