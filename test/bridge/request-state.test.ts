import { describe, expect, it } from 'vitest';
import { bridgeLimits } from '../../src/bridge/limits.ts';
import { type Carried, RequestStates, type StateOwner } from '../../src/bridge/request-state.ts';
import { UsedStates } from '../../src/bridge/used-states.ts';

const owner: StateOwner = {
  scope: 'os:ada',
  method: 'tools/call',
  params: { name: 'files__write', arguments: { path: '/a', deep: { b: 1, a: 2 } } },
};
const carried: Carried = { kind: 'server', server: 'files', state: 'ö"\\', answers: { k: {} } };
const invalid = {
  code: -32602,
  message:
    'requestState is not valid for this request (expired, used already, or made for another): send the request again without it',
};

function create(usedStates = 100) {
  const time = { nowMs: 5_000 };
  const limits = { stateTtlMs: 1_000 };
  const clock = () => time.nowMs;
  const seals = { key: Buffer.alloc(32, 7), used: new UsedStates(clock, usedStates) };
  return { time, states: new RequestStates(seals, clock, limits) };
}

describe('a sealed state', () => {
  const kinds: readonly [name: string, carried: Carried][] = [
    ['of a server', carried],
    ['of a server that has none', { ...carried, state: null }],
    ['of a call that waits', { kind: 'parked', handle: 3 }],
    [
      'of a call that waits for a person',
      { kind: 'held', approvalId: 'ap_1', binding: 'sha256:b', round: 2 },
    ],
    ['of the gate', { kind: 'gate' }],
  ];
  it.each(kinds)('%s opens for its owner', (_, content) => {
    const { states } = create();
    const text = states.seal(owner, content);
    expect(text).toMatch(/^[\w-]+$/);
    expect(states.open(owner, text)).toEqual(content);
  });

  it('shows nothing of what it carries', () => {
    const { states } = create();
    const text = states.seal(owner, { ...carried, state: 'secret' });
    expect(Buffer.from(text, 'base64url').toString('latin1')).not.toContain('secret');
    expect(states.seal(owner, carried)).not.toBe(states.seal(owner, carried));
  });

  it('opens for the same request with its members in another order', () => {
    const { states } = create();
    const text = states.seal(owner, carried);
    const params = { arguments: { deep: { a: 2, b: 1 }, path: '/a' }, name: 'files__write' };
    expect(states.open({ ...owner, params }, text)).toEqual(carried);
  });

  const strangers: readonly [name: string, change: Partial<StateOwner>][] = [
    ['caller', { scope: 'os:bob' }],
    ['method', { method: 'prompts/get' }],
    ['tool', { params: { ...owner.params, name: 'files__read' } }],
    ['argument', { params: { name: 'files__write', arguments: { path: '/b' } } }],
    ['member', { params: { ...owner.params, task: {} } }],
  ];
  it.each(strangers)('does not open for another %s', (_, change) => {
    const { states } = create();
    const text = states.seal(owner, carried);
    expect(states.open({ ...owner, ...change }, text)).toEqual(invalid);
    expect(states.open(owner, text)).toEqual(carried);
  });

  it('opens once', () => {
    const { states } = create();
    const text = states.seal(owner, carried);
    expect(states.open(owner, text)).toEqual(carried);
    expect(states.open(owner, text)).toEqual(invalid);
  });

  it('opens for so long', () => {
    const { states, time } = create();
    const text = states.seal(owner, carried);
    const other = states.seal(owner, carried);
    time.nowMs += 999;
    expect(states.open(owner, text)).toEqual(carried);
    time.nowMs += 1;
    expect(states.open(owner, other)).toEqual(invalid);
  });

  it('does not open with another key', () => {
    const { states } = create();
    const clock = () => 5_000;
    const seals = { key: Buffer.alloc(32, 8), used: new UsedStates(clock, 100) };
    const others = new RequestStates(seals, clock, bridgeLimits);
    expect(others.open(owner, states.seal(owner, carried))).toEqual(invalid);
  });

  it('does not open when any character of it was changed', () => {
    const { states } = create();
    const text = states.seal(owner, carried);
    for (let at = 0; at < text.length; at += 1) {
      const changed = `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;
      expect(states.open(owner, changed)).toEqual(invalid);
    }
    expect(states.open(owner, text)).toEqual(carried);
  });

  it.each([
    ['no text', 7],
    ['null', null],
    ['an empty text', ''],
    ['a short text', 'AAAA'],
    ['characters of another alphabet', 'ä'.repeat(60)],
    ['much of nothing', 'A'.repeat(4000)],
  ])('is not %s', (_, text) => {
    expect(create().states.open(owner, text)).toEqual(invalid);
  });

  it('is not opened by another spelling of its bytes', () => {
    const { states } = create();
    const text = states.seal(owner, carried);
    expect(states.open(owner, `${text}=`)).toEqual(invalid);
    expect(states.open(owner, Buffer.from(text, 'base64url').toString('base64'))).toEqual(invalid);
  });

  it('is not used twice because many others were used since', () => {
    const { states, time } = create(3);
    const seal = () => states.seal(owner, carried);
    const used = seal();
    const held = seal();
    time.nowMs += 1;
    const late = seal();
    expect(states.open(owner, used)).toEqual(carried);
    for (let count = 0; count < 5; count += 1) {
      time.nowMs += 1;
      expect(states.open(owner, seal())).toEqual(carried);
    }
    // What was remembered of the first is gone, and with it everything that was sealed as long ago.
    expect(states.open(owner, used)).toEqual(invalid);
    expect(states.open(owner, held)).toEqual(invalid);
    expect(states.open(owner, late)).toEqual(invalid);
    expect(states.open(owner, seal())).toEqual(carried);
  });
});
