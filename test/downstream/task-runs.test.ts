import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TaskRun, TaskRuns } from '../../src/downstream/tasks/task-runs.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const forEver = () => new Promise<void>(() => {});

describe('the call of a task', () => {
  it('ends by itself when nobody has asked for three poll intervals, and not before', () => {
    const run = new TaskRun(forEver);
    vi.advanceTimersByTime(5_999);
    expect(run.lifetime.ended).toBeUndefined();
    vi.advanceTimersByTime(1);
    expect(run.lifetime.ended).toBe('nobody asks for its task');
  });

  it('goes on as long as somebody asks', () => {
    const run = new TaskRun(forEver);
    for (let poll = 0; poll < 5; poll += 1) {
      vi.advanceTimersByTime(5_000);
      run.asked();
    }
    expect(run.lifetime.ended).toBeUndefined();
  });

  it('goes on without anybody once it was sent, given up or not', () => {
    const run = new TaskRun(forEver);
    run.sent();
    run.asked();
    run.abandon();
    vi.advanceTimersByTime(3_600_000);
    expect(run.lifetime.ended).toBeUndefined();
  });

  it('is given up with the request that set it going', () => {
    const run = new TaskRun(forEver);
    run.abandon();
    expect(run.lifetime.ended).toBe('disconnected');
  });

  it('leaves no timer behind', async () => {
    const run = new TaskRun(() => Promise.resolve());
    await run.over;
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('the calls of tasks', () => {
  it('end with their process, and none starts behind that', async () => {
    const runs = new TaskRuns();
    const run = runs.start('a', ({ lifetime }) => new Promise((over) => lifetime.onEnd(over)));
    await runs.close();
    expect(run?.lifetime.ended).toBe('disconnected');
    expect(runs.of('a')).toBeUndefined();
    expect(runs.start('b', forEver)).toBeUndefined();
  });

  it('are forgotten when they are over, whatever came of them', async () => {
    const runs = new TaskRuns();
    await runs.start('a', () => Promise.reject(new Error('no store')))?.over;
    expect(runs.of('a')).toBeUndefined();
  });

  it('are kept while their end stands nowhere else', async () => {
    const runs = new TaskRuns();
    const end = { status: 'cancelled', message: undefined, value: undefined, endedMs: 0 } as const;
    await runs.start('a', async (run) => {
      run.unwritten = end;
    })?.over;
    expect(runs.of('a')?.unwritten).toBe(end);
  });
});
