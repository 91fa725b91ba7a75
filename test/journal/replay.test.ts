import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ReplayParts, replay } from '../../src/journal/replay.ts';
import type { ActivePolicy } from '../../src/policy/contract.ts';
import type { Decision } from '../../src/policy/decision.ts';
import type { StoredEntry } from '../../src/store/contract.ts';
import { callerOf, callOf, decisions, type GateRig, openRig } from '../gate/rig.ts';

let dir: string;
let rig: GateRig;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'replay-'));
  rig = openRig(dir);
});
afterEach(async () => {
  await rig.close();
  rmSync(dir, { recursive: true, force: true });
});

function policyOf(decision: Decision, digest: string): ActivePolicy {
  const engine = { gate: '0', regoc: null, opa_wasm: '0', memory_pages: 1 };
  return {
    version: { id: 'other', revision: null, digest, engine },
    decide: () => decision,
    visible: () => true,
    close: () => Promise.resolve(),
  };
}

const row = {
  digest: 'sha256:aa',
  revision: undefined,
  engine: {},
  sources: Buffer.alloc(0),
  wasm: Buffer.alloc(0),
  createdMs: 0,
};

const parts = (then: Decision, change: Partial<ReplayParts> = {}): ReplayParts => ({
  store: { ...rig.store, bundle: () => row },
  load: () => Promise.resolve(policyOf(then, 'sha256:aa')),
  instead: undefined,
  ...change,
});

const record = () => rig.decide(callOf(rig), callerOf(), () => rig.target);

it.each<[verdict: string, then: Decision]>([
  ['reproduced', decisions.allow],
  ['drift', decisions.deny],
])('the last decision under its own policy: %s', async (verdict, then) => {
  await record();
  const result = await replay(parts(then), 'last');
  expect(result).toMatchObject({
    verdict,
    decisions: [
      {
        verdict,
        recorded: { outcome: 'allow', rules: ['t.allow'], policy_digest: 'sha256:aa' },
        replayed: { outcome: then.outcome, rules: [then.rules[0]?.id] },
      },
    ],
  });
});

it('another policy drifts only when the outcome is another', async () => {
  await record();
  const renamed = { ...decisions.allow, rules: [{ id: 't.renamed', reason: 'fine' }] };
  const under = (decision: Decision) =>
    replay(parts(decisions.allow, { instead: policyOf(decision, 'sha256:bb') }), 'last');
  expect((await under(renamed)).verdict).toBe('reproduced');
  expect((await under(decisions.deny)).verdict).toBe('drift');
});

const named = (decision: Decision, ...ids: string[]): Decision => ({
  ...decision,
  rules: ids.map((id) => ({ id, reason: 'fine' })),
});

it('a decision by more rules than an entry names is reproduced', async () => {
  const many = named(decisions.allow, ...Array.from({ length: 40 }, (_, at) => `t.rule-${at}`));
  rig.policy = () => many;
  await record();
  expect((await replay(parts(many), 'last')).verdict).toBe('reproduced');
});

describe('what the gate could not carry out', () => {
  const asked: Decision = { ...named(decisions.allow, 't.reuse'), outcome: 'reuse' };

  it.each<[verdict: string, claim: string, then: Decision]>([
    ['reproduced', 'the same', asked],
    ['drift', 'the same for another reason', named(asked, 't.other')],
    ['drift', 'something else', decisions.allow],
  ])('is %s when policy says %s', async (verdict, _, then) => {
    rig.policy = () => asked;
    await record();
    const result = await replay(parts(then), 'last');
    expect(result).toMatchObject({ verdict, decisions: [{ recorded: { outcome: 'deny' } }] });
  });

  it('is not what policy denied under such a name', async () => {
    rig.policy = () => named(decisions.deny, 'gate.reuse');
    await record();
    expect((await replay(parts(decisions.deny), 'last')).verdict).toBe('drift');
  });

  it.each(['gate.obligation-unsupported', 'gate.outcome-unsupported'])(
    'an earlier version denied, too: %s',
    async (id) => {
      await record();
      const { journal } = rig.store;
      const older = ({ body, ...entry }: StoredEntry): StoredEntry => {
        const said = { ...JSON.parse(body), outcome: 'deny', raw_outcome: 'adapt' };
        return { ...entry, body: JSON.stringify({ ...said, rules: [{ id }, { id: 't.adapt' }] }) };
      };
      const trace: typeof journal.trace = (...args) => journal.trace(...args).map(older);
      const store = { ...rig.store, bundle: () => row, journal: { ...journal, trace } };
      const then: Decision = { ...named(decisions.allow, 't.adapt'), outcome: 'adapt' };
      expect((await replay(parts(then, { store }), 'last')).verdict).toBe('reproduced');
    },
  );
});

it.each<[name: string, prepare: () => Promise<Partial<ReplayParts>>, reason: string]>([
  [
    'the bundle is not kept',
    async () => {
      await record();
      return { store: rig.store };
    },
    'the policy bundle of that time is not kept',
  ],
  [
    'the input is gone',
    async () => {
      await record();
      return { store: { ...rig.store, bundle: () => row, payload: () => undefined } };
    },
    'the input was not kept, or has expired',
  ],
  [
    'policy was never asked',
    async () => {
      rig.frozen = 'stop';
      await record();
      return {};
    },
    'the gate refused before policy was asked',
  ],
  [
    'the policy of that time fails now',
    async () => {
      await record();
      const failing = {
        ...policyOf(decisions.allow, ''),
        decide: () => Promise.reject(new Error('boom')),
      };
      return { load: () => Promise.resolve(failing) };
    },
    'policy could not decide: boom',
  ],
])('is undecidable, and says why: %s', async (_, prepare, reason) => {
  const change = await prepare();
  const result = await replay(parts(decisions.allow, change), 'last');
  expect(result).toMatchObject({ verdict: 'undecidable', decisions: [{ reason, replayed: null }] });
});

it.each(['last', 'no-such-trace'])('"%s" that is not there is said so', async (target) => {
  await expect(replay(parts(decisions.allow), target)).rejects.toMatchObject({ code: 'not_found' });
});
