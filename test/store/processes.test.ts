import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { compiledSources } from '../harness/compiled.ts';
import { atEnd, expectSound, openBeside, openScratch, scratchFolder } from './scratch.ts';

const fixture = join(import.meta.dirname, 'fixtures/writer.mjs');
const compiled = compiledSources();

// With a thread each, once they have posted for a while.
const ways = [
  ['by works', undefined],
  ['by postings', '12'],
] as const;

test.each(ways)(
  'processes on one new state folder all write to one journal, %s',
  async (_, posts) => {
    const dir = scratchFolder();
    const writers = ['a', 'b', 'c'].map((name) => startWriter(dir, name, posts));
    await Promise.all(writers.map(({ process }) => once(process, 'message')));
    if (posts !== undefined) await wait(300);
    await Promise.all(writers.map(({ stop }) => stop()));
    const acknowledged = writers.flatMap((writer) => writer.acknowledged);
    const store = openScratch(dir);
    expect(ids(store.journal.last(acknowledged.length + 1, undefined))).toEqual(
      acknowledged.sort(),
    );
    expectSound(store, acknowledged.length);
  },
);

test.each(ways)('what was acknowledged before a kill -9 is there, once, %s', async (_, posts) => {
  const dir = scratchFolder();
  const acknowledged: string[] = [];
  for (let round = 0; round < 4; round += 1) {
    const writers = ['a', 'b'].map((name) => startWriter(dir, `${name}${round}`, posts));
    await Promise.all(writers.map(({ process }) => once(process, 'message')));
    await wait((posts === undefined ? 30 : 150) + 40 * round);
    await Promise.all(writers.map(({ kill }) => kill()));
    acknowledged.push(...writers.flatMap((writer) => writer.acknowledged));
  }
  const store = openScratch(dir);
  const { size } = store.journal.head();
  const kept = ids(store.journal.range(0, size));
  expect(new Set(kept).size).toBe(kept.length);
  expect(acknowledged.filter((id) => !kept.includes(id))).toEqual([]);
  expect(
    store
      .inflight()
      .map((row) => row.decisionId)
      .sort(),
  ).toEqual(kept);
  expectSound(store, size);
  expect(openBeside(dir).prepare('PRAGMA integrity_check').get()).toEqual({
    integrity_check: 'ok',
  });
});

function startWriter(dir: string, name: string, posts?: string) {
  const given = posts === undefined ? [] : [posts];
  const process = fork(fixture, [compiled(), dir, name, ...given], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  // Unlike 'exit', 'close' comes after the last message.
  const exited = once(process, 'close');
  const acknowledged: string[] = [];
  process.on('message', (sent: string[]) => acknowledged.push(...sent));
  atEnd(() => end(process, exited));
  return {
    process,
    acknowledged,
    kill: () => end(process, exited),
    stop: async () => {
      process.send('stop');
      expect(await exited).toEqual([0, null]);
    },
  };
}

async function end(process: ChildProcess, exited: Promise<unknown>): Promise<void> {
  process.kill('SIGKILL');
  await exited;
}

function ids(entries: readonly { readonly body: string }[]): string[] {
  return entries.map((entry) => String(JSON.parse(entry.body).decision_id)).sort();
}
