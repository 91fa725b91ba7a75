import { describe, expect, it } from 'vitest';
import type { Answer } from '../../src/core/answer.ts';
import { Lifetime } from '../../src/core/lifetime.ts';
import { defaultLimits } from '../../src/upstream/limits.ts';
import { RequestRate } from '../../src/upstream/request-rate.ts';
import { call, rig, saidIn, scripted, until } from './rig.ts';

const made: Answer = { kind: 'made', result: {} };
const tooMany = { kind: 'refused', error: { code: -32603, message: 'too many requests' } };

describe('requests that a server starts', () => {
  it('are twenty at a time, until one is answered or taken back', () => {
    const { ask, answers } = rated();
    const asked = Array.from({ length: 21 }, ask);
    expect(asked.map(({ reply }) => reply !== undefined)).toEqual([...Array(20).fill(true), false]);
    expect(answers).toEqual([tooMany]);
    asked[0]?.reply?.(made);
    asked[1]?.lifetime.end('taken back');
    expect([ask(), ask(), ask()].map(({ reply }) => reply !== undefined)).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('count once, however often they are answered and taken back', () => {
    const { ask } = rated();
    const asked = Array.from({ length: 20 }, ask);
    asked[0]?.reply?.(made);
    asked[0]?.reply?.(made);
    asked[0]?.lifetime.end('late');
    expect([ask(), ask()].map(({ reply }) => reply !== undefined)).toEqual([true, false]);
  });

  it('are a hundred at once and fifty a second, however soon they are answered', () => {
    const { ask, pass } = rated();
    const count = (): number => {
      let admitted = 0;
      for (let each = 0; each < 500; each += 1) {
        const { reply } = ask();
        reply?.(made);
        if (reply !== undefined) admitted += 1;
      }
      return admitted;
    };
    expect(count()).toBe(100);
    pass(1000);
    expect(count()).toBe(50);
    pass(60_000);
    expect(count()).toBe(100);
  });

  it('are a flood when too many go on for more than a minute', () => {
    const { ask, pass, floods } = rated({ faultsPerMinute: 3, requestsInFlight: 0 });
    for (let second = 0; second < 60; second += 1) {
      for (let each = 0; each < 10; each += 1) ask();
      pass(1000);
    }
    expect(floods).toEqual([]);
    for (let each = 0; each < 4; each += 1) ask();
    expect(floods).toHaveLength(1);
  });

  it('are no flood when there was a pause in between', () => {
    const { ask, pass, floods } = rated({ faultsPerMinute: 3, requestsInFlight: 0 });
    for (let round = 0; round < 20; round += 1) {
      for (let each = 0; each < 100; each += 1) ask();
      pass(10_001);
    }
    expect(floods).toEqual([]);
  });

  it('beyond the limit are answered by the gate and handed on to nobody', async () => {
    const { connection, requests } = await rig([scripted('s')], { requestsInFlight: 1 });
    void call(connection('s'), 'ask', { method: 'roots/list' });
    await until('request', () => requests[0]);
    const said = saidIn(await call(connection('s'), 'ask', { method: 'roots/list' }));
    expect(said).toEqual({ code: -32603, message: 'too many requests' });
    expect(requests).toHaveLength(1);
  });
});

function rated(change: Partial<typeof defaultLimits> = {}) {
  let nowMs = 7;
  const answers: Answer[] = [];
  const floods: number[] = [];
  const rate = new RequestRate({
    limits: { ...defaultLimits, ...change },
    onFlood: () => floods.push(nowMs),
    nowMs: () => nowMs,
  });
  const ask = () => {
    const lifetime = new Lifetime();
    return { lifetime, reply: rate.admit(lifetime, (answer) => answers.push(answer)) };
  };
  const pass = (ms: number): void => {
    nowMs += ms;
  };
  return { ask, pass, answers, floods };
}
