import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { readDecision } from '../../src/journal/read-decision.ts';
import { type ReplayedDecision, replay, type Side } from '../../src/journal/replay.ts';
import type { ActivePolicy } from '../../src/policy/contract.ts';
import { type Case, caseFiles, caseJsonSchema, readCases } from './case.ts';
import { play } from './play.ts';
import { compilePolicies, type Policies } from './policies.ts';
import { emptyState, openStage, type Stage } from './stage.ts';

/**
 * The golden table: what a config, a policy and some calls come to, for the agent, for the servers and in the journal. The
 * whole gate is real, from the config file to the store; the servers do what a case says.
 */
const state = emptyState();

describe.each(caseFiles)('%s', (name) => {
  const file = readCases(name);
  let policies: Policies;
  beforeAll(async () => {
    policies = await compilePolicies(file);
  }, 60_000);

  it.each(file.cases.map((each) => [each.name, each] as const))('%s', async (_, each) => {
    const policy = policies.of(each);
    const stage = await openStage(each, file.servers, () => policy, state());
    onTestFinished(() => stage.close());
    const { listed, ...came } = await play(stage, each);
    const wanted = wantedOf(each);
    expect({ ...came, ...('listed' in wanted && { listed }) }).toEqual(wanted);
    expect(await drifted(stage, policy)).toEqual([]);
  });

  it('has no two cases of one name, and no rules that nobody uses', () => {
    const names = file.cases.map((each) => each.name);
    expect(names.filter((each, at) => names.indexOf(each) !== at)).toEqual([]);
    const used = new Set(file.cases.map(({ rules }) => rules));
    expect(Object.keys(file.rules).filter((each) => !used.has(each))).toEqual([]);
  });
});

it('the files are checked in editors as they are here', async () => {
  const text = `${JSON.stringify(caseJsonSchema(), null, 2)}\n`;
  await expect(text).toMatchFileSnapshot('case.schema.json');
});

/** The decisions that come to something else when they are made again from what was recorded. */
async function drifted({ on }: Stage, instead: ActivePolicy): Promise<readonly ReplayedDecision[]> {
  const { store } = on;
  const parts = { store, instead, load: () => Promise.resolve(instead) };
  const ids = store.journal
    .range(0, 1000)
    .filter(({ kind }) => kind === 'decision')
    .map((entry) => readDecision(entry).decisionId);
  const replays = await Promise.all(ids.map((id) => replay(parts, id)));
  return replays
    .flatMap(({ decisions }) => decisions)
    .filter(({ verdict, reason, replayed, recorded }) => {
      if (verdict === 'undecidable') return reason !== 'the gate refused before policy was asked';
      const isSame = replayed?.outcome !== recorded.outcome || isEqual(replayed, recorded);
      return verdict !== 'reproduced' || !isSame;
    });
}

function isEqual({ rules }: Side, recorded: Side): boolean {
  return JSON.stringify(rules) === JSON.stringify(recorded.rules);
}

function wantedOf({ calls, reached, journal, listed }: Case) {
  return {
    answers: calls.map(({ wanted }) => wanted),
    reached,
    journal,
    ...(listed !== undefined && { listed }),
  };
}
