import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { createBridge } from '../../src/bridge/bridge.ts';
import { keepSeals } from '../../src/bridge/kept-seals.ts';
import { type Carried, RequestStates, type StateOwner } from '../../src/bridge/request-state.ts';
import { InFlightCalls } from '../../src/control/in-flight.ts';
import { again, carry, errorIn, form, modernCall, resultIn, ScriptedConnection } from './rig.ts';

const owner: StateOwner = { scope: 'os:ada', method: 'tools/call', params: { name: 'a__b' } };
const carried: Carried = { kind: 'server', server: 'a', state: 's', answers: {} };
const invalid = expect.objectContaining({ code: -32602 });

let folder: string;
let nowMs: number;
const clock = () => nowMs;

beforeEach(() => {
  folder = path.join(mkdtempSync(path.join(tmpdir(), 'mcp-gate-seals-')), 'seals');
  nowMs = 1_000_000;
  return () => rmSync(path.dirname(folder), { recursive: true });
});

/** What a gate has after each start: everything that was not written down is gone. */
function started(more: { readonly gate?: string; readonly limit?: number } = {}): RequestStates {
  const seals = keepSeals({ folder, gate: 'gate-1', clock, ...more });
  return new RequestStates(seals, clock, { stateTtlMs: 1_000 });
}

const usedFiles = () => readdirSync(path.join(folder, 'used'));

describe('a state that was sealed before a restart', () => {
  it('opens after it, once, whoever tries', () => {
    const text = started().seal(owner, carried);
    const [one, another] = [started(), started()];
    expect(one.open(owner, text)).toEqual(carried);
    expect(one.open(owner, text)).toEqual(invalid);
    expect(another.open(owner, text)).toEqual(invalid);
    expect(started().open(owner, text)).toEqual(invalid);
  });

  it('does not open when it was used before it', () => {
    const before = started();
    const text = before.seal(owner, carried);
    expect(before.open(owner, text)).toEqual(carried);
    expect(started().open(owner, text)).toEqual(invalid);
  });

  it('does not open once it has expired', () => {
    const text = started().seal(owner, carried);
    nowMs += 1_000;
    expect(started().open(owner, text)).toEqual(invalid);
  });

  it('stands for no call that waits now', () => {
    const before = started();
    const waiting: Carried = { kind: 'parked', handle: 1 };
    const text = before.seal(owner, waiting);
    expect(started().open(owner, text)).toEqual(invalid);
    expect(before.open(owner, before.seal(owner, waiting))).toEqual(waiting);
  });

  it('is of its own gate', () => {
    const text = started().seal(owner, carried);
    expect(started({ gate: 'gate-2' }).open(owner, text)).toEqual(invalid);
    expect(started().open(owner, text)).toEqual(carried);
  });

  it('goes on with the server that asked', async () => {
    const server = new ScriptedConnection('modern', (received, round) => {
      const question = { method: 'elicitation/create', params: form };
      if (round === 1) {
        const inputRequests = { q: question };
        received.result({ resultType: 'input_required', inputRequests, requestState: 'theirs' });
      } else received.result({ resultType: 'complete', content: [] });
    });
    const inFlight = new InFlightCalls();
    const start = () => ({
      inFlight,
      bridge: createBridge({
        clock,
        frozen: () => undefined,
        enter: (scope, lifetime) => inFlight.enter(scope, lifetime),
        seals: keepSeals({ folder, gate: 'gate-1', clock }),
      }),
      pass: () => {},
      freeze: () => {},
    });
    const first = await carry(start(), server, modernCall);
    const retry = again(first, { q: { action: 'accept', content: {} } });
    const second = await carry(start(), server, retry);
    expect(resultIn(second)['resultType']).toBe('complete');
    expect(server.last().params).toMatchObject({ requestState: 'theirs' });
    expect(errorIn(await carry(start(), server, retry)).code).toBe(-32602);
    expect(server.received).toHaveLength(2);
  });
});

describe('what is kept', () => {
  it('is for the user alone', () => {
    started().open(owner, started().seal(owner, carried));
    expect(readdirSync(folder).sort()).toEqual(['key', 'used']);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(path.join(folder, 'key')).mode & 0o777).toBe(0o600);
    expect(statSync(path.join(folder, 'used')).mode & 0o777).toBe(0o700);
    expect(usedFiles()).toHaveLength(1);
  });

  it('is not used when others could have read it', () => {
    started();
    chmodSync(path.join(folder, 'key'), 0o644);
    expect(started).toThrow(/is open to other users/);
  });

  it('is not used when it is no key', () => {
    started();
    writeFileSync(path.join(folder, 'key'), 'short');
    expect(started).toThrow(/is no key: expected 32 bytes/);
  });

  it('is thrown away when it no longer matters', () => {
    const states = started();
    for (let count = 0; count < 3; count += 1) states.open(owner, states.seal(owner, carried));
    expect(usedFiles()).toHaveLength(3);
    nowMs += 60_000;
    expect(states.open(owner, states.seal(owner, carried))).toEqual(carried);
    expect(usedFiles()).toHaveLength(1);
  });

  it('is bounded: over the limit none is taken until others have expired', () => {
    const states = started({ limit: 2 });
    const open = () => states.open(owner, states.seal(owner, carried));
    expect([open(), open(), open()]).toEqual([carried, carried, invalid]);
    expect(started({ limit: 2 }).open(owner, states.seal(owner, carried))).toEqual(invalid);
    nowMs += 60_000;
    expect(open()).toEqual(carried);
  });

  it('must be writable: a state whose use cannot be recorded does not open', () => {
    const states = started();
    const text = states.seal(owner, carried);
    rmSync(path.join(folder, 'used'), { recursive: true });
    writeFileSync(path.join(folder, 'used'), '');
    expect(states.open(owner, text)).toEqual(invalid);
  });
});
