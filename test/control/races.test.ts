import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { createClaims } from '../../src/control/idempotency.ts';
import { openInstance } from '../../src/journal/instance.ts';
import type { Store } from '../../src/store/contract.ts';
import { openStore } from '../../src/store/sqlite-store.ts';
import { compiledSources } from '../harness/compiled.ts';

const compiled = compiledSources();
const fixture = join(import.meta.dirname, 'fixtures/racer.mjs');
const names = ['a', 'b', 'c', 'd'];
const resultsOf = z.record(z.string(), z.string());

test('500 idempotency keys, 4 processes: each is executed once, and everybody gets its result', async () => {
  const { dir } = house();
  const racers = start(dir, 'keys', 500);
  const [first, ...others] = (await finish(racers)).map((sent) => resultsOf.parse(sent));
  const executed = executions(dir);
  expect(executed).toHaveLength(500);
  expect(new Set(executed).size).toBe(500);
  expect(Object.keys(first ?? {})).toHaveLength(500);
  for (const other of others) expect(other).toEqual(first);
}, 60_000);

test('a budget of 3000 calls, 4 processes: 3000 are let through, and never one more', async () => {
  const { dir, open } = house();
  const store = open();
  const seen: number[] = [];
  const look = () => seen.push(store.budgetCounts('g', Date.now())[0]?.calls ?? 0);
  const watch = setInterval(look, 1);
  try {
    const kept = (await finish(start(dir, 'room', 3000))).map((sent) => z.number().parse(sent));
    look();
    expect(kept.reduce((a, b) => a + b)).toBe(3000);
    expect(Math.max(...seen)).toBe(3000);
    expect(seen.at(-1)).toBe(3000);
  } finally {
    clearInterval(watch);
  }
}, 60_000);

test('after a kill -9 in the middle nothing runs twice: what nobody can tell is unknown', async () => {
  const { dir, open } = house();
  const racers = start(dir, 'keys', 500);
  await Promise.all(racers.map(({ ready }) => ready));
  for (const { child } of racers) child.send('start');
  while (executions(dir).length < 60) await wait(5);
  await Promise.all(racers.map(({ kill }) => kill()));

  const store = open();
  await sweep(store);
  const before = states(store, 500);
  const executed = executions(dir);
  const lost = Object.keys(before).filter((key) => before[key] === 'unknown');
  expect(new Set(executed).size).toBe(executed.length);
  expect(lost.length).toBeGreaterThan(0);
  expect(Object.values(before)).not.toContain('running');
  for (const key of executed) expect(['done', 'unknown']).toContain(before[key]);

  const results = (await finish(start(dir, 'keys', 500))).map((sent) => resultsOf.parse(sent));
  for (const result of results) {
    expect(Object.keys(result).filter((key) => result[key] === 'unknown')).toEqual(
      expect.arrayContaining(lost),
    );
  }
  const all = executions(dir);
  expect(new Set(all).size).toBe(all.length);
  const after = states(store, 500);
  expect(Object.values(after).filter((kind) => kind === 'done')).toHaveLength(500 - lost.length);
}, 60_000);

/** A state folder that is gone after the test, with whatever was opened in it closed before. */
function house() {
  const dir = mkdtempSync(join(tmpdir(), 'mcp-gate-races-'));
  const stores: Store[] = [];
  onTestFinished(async () => {
    await Promise.all(stores.map((store) => store.close()));
    rmSync(dir, { recursive: true, force: true });
  });
  const open = () => {
    const store = openStore({ dir, durability: 'process', clock: Date.now });
    stores.push(store);
    return store;
  };
  return { dir, open };
}

function start(dir: string, race: 'keys' | 'room', amount: number) {
  return names.map((name) => {
    const child = fork(fixture, [compiled(), dir, name, race, String(amount)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const exited = once(child, 'close');
    const kill = async () => {
      child.kill('SIGKILL');
      await exited;
    };
    onTestFinished(kill);
    return { child, exited, kill, ready: once(child, 'message') };
  });
}

async function finish(racers: ReturnType<typeof start>): Promise<readonly unknown[]> {
  await Promise.all(racers.map(({ ready }) => ready));
  const results = racers.map(({ child }) => once(child, 'message'));
  for (const { child } of racers) child.send('start');
  const sent = (await Promise.all(results)).map(([message]) => message);
  expect(await Promise.all(racers.map(({ exited }) => exited))).toEqual(names.map(() => [0, null]));
  return sent;
}

function executions(dir: string): readonly string[] {
  const path = join(dir, 'executed');
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
}

/** What a gate does when it starts: it closes what those that are gone have left in flight. */
async function sweep(store: Store): Promise<void> {
  const warn = (message: string) => expect.fail(message);
  const said = { version: '0', status: () => ({}), warn };
  const instance = openInstance({ store, id: 'next', gate: 'g', clock: Date.now, ...said });
  await instance.close();
}

function states(store: Store, count: number): Record<string, string> {
  const claims = createClaims('next');
  const kindOf = (key: string) =>
    claims.find(store, { scope: 'all', key, payload: key, expiresInMs: 1 }, Date.now()).kind;
  const keys = Array.from({ length: count }, (_, at) => `key-${at}`);
  return Object.fromEntries(keys.map((key) => [key, kindOf(key)]));
}
