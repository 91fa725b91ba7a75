import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isObject, type JsonObject } from '../../src/core/json.ts';
import { modernSpeaker } from '../bridge/rig.ts';
import { ran, withdrawn } from './asking-matrix.ts';
import { enrol, journalOf, page, vote } from './asking-rig.ts';
import { RoundsRig, stateIn } from './rounds-rig.ts';

const { hello } = modernSpeaker;
const speaking = (elicitation: JsonObject, name = 'modern') => ({
  ...modernSpeaker,
  hello: { ...hello, capabilities: { elicitation }, clientInfo: { name, version: '2' } },
});
const speaker = speaking({ url: {} });

/** A modern client that can show an address, a page that is configured, and an approver. */
class PagedRounds extends RoundsRig {
  override yes = () => vote(this.gate, 'approve');
  override no = () => vote(this.gate, 'deny');

  async open(): Promise<void> {
    this.gate.page = page;
    await enrol(this.gate);
  }

  override async restart(): Promise<void> {
    await super.restart();
    this.gate.page = page;
  }

  /** The request that goes on with an answer, and with what the user said to it. */
  next(got: JsonObject, action?: string, more: JsonObject = {}): Promise<JsonObject> {
    const said = action === undefined ? {} : { inputResponses: { approval: { action } } };
    return this.send(stateIn(got), { speaker, more: { ...said, ...more } });
  }
}

let rig: PagedRounds;
beforeEach(async () => {
  rig = new PagedRounds();
  await rig.open();
});
afterEach(() => rig.close());

const ask = () => rig.send(undefined, { speaker });
const questionIn = (got: JsonObject) => {
  const result = got['result'];
  return isObject(result) ? result['inputRequests'] : undefined;
};

interface Row {
  readonly when: string;
  readonly next: (first: JsonObject) => Promise<JsonObject>;
  readonly gets: object;
  readonly executions: 0 | 1;
  readonly journal: readonly string[];
}

const approved = ['requested', 'approved', 'consumed'];

const matrix: readonly Row[] = [
  {
    when: 'the user goes there and it is approved',
    next: async (first) => {
      await rig.yes();
      return rig.next(first, 'accept');
    },
    gets: ran,
    executions: 1,
    journal: approved,
  },
  {
    when: 'accept is no yes: it waits for one, and nobody is asked again',
    next: async (first) => {
      const second = await rig.next(first, 'accept');
      expect(questionIn(second)).toBeUndefined();
      await rig.yes();
      return rig.next(second);
    },
    gets: ran,
    executions: 1,
    journal: approved,
  },
  {
    when: 'cancel is no no: it goes on waiting',
    next: async (first) => {
      const second = await rig.next(first, 'cancel');
      expect(questionIn(second)).toBeUndefined();
      await rig.yes();
      return rig.next(second, 'decline', { inputResponses: {} });
    },
    gets: ran,
    executions: 1,
    journal: approved,
  },
  {
    when: 'no answer is no no: it goes on waiting',
    next: async (first) => {
      await rig.yes();
      return rig.next(first);
    },
    gets: ran,
    executions: 1,
    journal: approved,
  },
  {
    when: 'it is denied',
    next: async (first) => {
      await rig.no();
      return rig.next(first, 'accept');
    },
    gets: { result: { isError: true } },
    executions: 0,
    journal: ['requested', 'denied'],
  },
  {
    when: 'it is declined',
    next: (first) => rig.next(first, 'decline'),
    gets: withdrawn,
    executions: 0,
    journal: ['requested', 'cancelled'],
  },
  {
    when: 'it is declined when somebody has said yes meanwhile: the yes is not used',
    next: async (first) => {
      await rig.yes();
      return rig.next(first, 'decline');
    },
    gets: withdrawn,
    executions: 0,
    journal: ['requested', 'approved', 'cancelled'],
  },
  {
    when: 'it is declined in a later round',
    next: async (first) => rig.next(await rig.next(first, 'cancel'), 'decline'),
    gets: withdrawn,
    executions: 0,
    journal: ['requested', 'cancelled'],
  },
  {
    when: 'it is declined in one session, and another that waited for it comes back',
    next: async (first) => {
      const named = { speaker: speaking({ url: {} }, 'another') };
      const other = await rig.send(undefined, named);
      expect(await rig.next(first, 'decline')).toMatchObject(withdrawn);
      return rig.send(stateIn(other), named);
    },
    gets: withdrawn,
    executions: 0,
    journal: ['requested', 'cancelled'],
  },
  {
    when: 'the gate is started anew in between: nobody is asked again',
    next: async (first) => {
      await rig.restart();
      const second = await rig.next(first, 'accept');
      expect(questionIn(second)).toBeUndefined();
      await rig.yes();
      return rig.next(second);
    },
    gets: ran,
    executions: 1,
    journal: approved,
  },
  {
    when: 'the gate is started anew in between, and it is declined',
    next: async (first) => {
      await rig.restart();
      return rig.next(first, 'decline');
    },
    gets: withdrawn,
    executions: 0,
    journal: ['requested', 'cancelled'],
  },
  {
    when: 'a state is used with another answer after it was used: it decides nothing more',
    next: async (first) => {
      const second = await rig.next(first, 'cancel');
      expect(await rig.next(first, 'decline')).toMatchObject({ error: { code: -32602 } });
      await rig.yes();
      return rig.next(second);
    },
    gets: ran,
    executions: 1,
    journal: approved,
  },
];

describe('a held call of a modern client that can show an address', () => {
  it.each(matrix.map((row) => [row.when, row] as const))('%s', async (_, row) => {
    const first = await ask();
    expect(questionIn(first)).toBeDefined();
    expect(await row.next(first)).toMatchObject(row.gets);
    expect(rig.gate.reached).toHaveLength(row.executions);
    const journal = journalOf(rig.gate);
    expect(journal.approvals).toEqual(row.journal);
    expect([journal.forwarded, journal.executed]).toEqual([row.executions, row.executions]);
  });

  it('is answered at once with the address, in words of its era', async () => {
    rig.gate.holdMs = 20_000;
    const first = await ask();
    const { id } = await rig.onePending();
    expect(questionIn(first)).toEqual({
      approval: {
        method: 'elicitation/create',
        params: { mode: 'url', url: `${page}/${id}`, message: expect.stringContaining(id) },
      },
    });
    expect(JSON.stringify(questionIn(first))).not.toMatch(/"a"|path|mcp-gate/);
  });

  it('is not asked about twice by a call that begins anew', async () => {
    await ask();
    const again = await ask();
    expect(stateIn(again)).toBeTruthy();
    expect(questionIn(again)).toBeUndefined();
  });

  it('leaves an entry that says who took it back', async () => {
    await rig.next(await ask(), 'decline');
    expect(journalOf(rig.gate).cancelled).toMatchObject([
      { withdrawn_by: 'os:alice', via: 'client' },
    ]);
  });
});

describe('no address is in the answer', () => {
  it.each([
    ['of a client that can show forms alone', speaking({}), () => {}],
    ['of a client that is left out', speaker, () => (rig.gate.elicit = new Map([['mod', []]]))],
    ['without a page', speaker, () => (rig.gate.page = undefined)],
    ['of a client that is known not to come back', speaking({ url: {} }, 'codex'), () => {}],
  ])('%s', async (_, who, prepare) => {
    prepare();
    expect(questionIn(await rig.send(undefined, { speaker: who }))).toBeUndefined();
  });

  it('and a decline that nobody asked for takes nothing back', async () => {
    rig.gate.page = undefined;
    const first = await ask();
    rig.gate.page = page;
    const second = await rig.next(first, 'decline');
    expect(questionIn(second)).toBeDefined();
    expect(journalOf(rig.gate).approvals).toEqual(['requested']);
  });
});
