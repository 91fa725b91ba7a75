import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { changeControl } from '../../src/control/change-control.ts';
import type { ControlDocument, Freeze } from '../../src/control/control-document.ts';
import { withFreeze, withMode, withoutFreezes } from '../../src/control/control-edits.ts';
import { createControl } from '../../src/control/control-file.ts';
import { processStart } from '../../src/core/process-start.ts';
import { scratch } from '../config/scratch.ts';

const freezeOf = (id: string): Freeze => ({
  id,
  server: null,
  tool: id,
  subject: null,
  reason: 'r',
  by: 'alice',
  at: 'now',
});
const freeze = (dir: string, id: string) =>
  changeControl(dir, (document) => withFreeze(document, freezeOf(id)));
const mode = (dir: string, to: ControlDocument['mode']) =>
  changeControl(dir, (document) => withMode(document, to));
const stored = (dir: string): ControlDocument =>
  JSON.parse(readFileSync(join(dir, 'control.json'), 'utf8'));
const idsIn = ({ freezes }: ControlDocument) => freezes.map(({ id }) => id).sort();

describe('one writer', () => {
  it('keeps what it does not name, counts the revision up and leaves nothing else behind', async () => {
    const { dir } = scratch();
    await mode(dir, 'enforce');
    expect(await freeze(dir, 'a')).toEqual({ rev: 2, freezes: [freezeOf('a')], mode: 'enforce' });
    expect(stored(dir)).toEqual({ rev: 2, freezes: [freezeOf('a')], mode: 'enforce' });
    expect(readdirSync(dir)).toEqual(['control.json']);
  });

  it('that changes nothing writes nothing', async () => {
    const { dir } = scratch();
    await freeze(dir, 'a');
    expect((await freeze(dir, 'a')).rev).toBe(1);
    expect((await mode(dir, null)).rev).toBe(1);
    expect((await changeControl(dir, (each) => withoutFreezes(each, new Set(['b'])))).rev).toBe(1);
  });

  it('lifts what is named and nothing else', async () => {
    const { dir } = scratch();
    for (const id of ['a', 'b', 'c']) await freeze(dir, id);
    const lifted = await changeControl(dir, (each) => withoutFreezes(each, new Set(['a', 'c'])));
    expect(idsIn(lifted)).toEqual(['b']);
  });

  it('is seen by a gate of the same process', async () => {
    const { dir } = scratch();
    const control = createControl(dir);
    control.ensure();
    expect(control.current().rev).toBe(1);
    await freeze(dir, 'a');
    await new Promise<void>((resolve) => process.nextTick(resolve));
    expect(control.frozen({ server: 's', tool: 'a', subject: null })).toBe('r');
  });

  it('writes a document of before there were scopes anew', async () => {
    const { dir, write } = scratch();
    const old = { reason: 'old', by: 'bob', at: 'then' };
    write('control.json', JSON.stringify({ rev: 7, freeze: old, mode: 'enforce' }));
    await mode(dir, null);
    expect(stored(dir)).toEqual({
      rev: 8,
      freezes: [{ ...freezeOf('fz_first'), tool: null, ...old }],
      mode: null,
    });
  });

  it('does not replace a document that is not understood', async () => {
    const { dir, write } = scratch();
    write('control.json', '{"rev": 1, "freeze": true, "mode": null}');
    await expect(freeze(dir, 'a')).rejects.toMatchObject({
      code: 'control_unreadable',
      message: `"${join(dir, 'control.json')}" is not a control document`,
    });
    expect(readFileSync(join(dir, 'control.json'), 'utf8')).toContain('"freeze": true');
    expect(readdirSync(dir)).toEqual(['control.json']);
  });

  it('that cannot put its change in place leaves no temporary file and no lock', async () => {
    const { dir } = scratch();
    mkdirSync(join(dir, 'control.json', 'full'), { recursive: true });
    await expect(freeze(dir, 'a')).rejects.toMatchObject({ code: 'control_unreadable' });
    expect(readdirSync(dir)).toEqual(['control.json']);
  });

  it('refuses a document that would be too long to be read', async () => {
    const { dir, write } = scratch();
    const many = Array.from({ length: 1_000 }, (_, at) => ({
      ...freezeOf(String(at)),
      reason: 'x'.repeat(1_000),
    }));
    write('control.json', JSON.stringify({ rev: 1, freezes: many.slice(0, 800), mode: null }));
    await expect(
      changeControl(dir, (each) => many.slice(800).reduce(withFreeze, each)),
    ).rejects.toMatchObject({ code: 'usage' });
    expect(createControl(dir).current().rev).toBe(1);
  });

  it('is not stopped by what a crash left between the temporary file and its new name', async () => {
    const { dir, write } = scratch();
    await freeze(dir, 'a');
    write('.control.json.0123456789abcdef.tmp', '{"rev": 9, "freezes": [');
    expect(createControl(dir).current().rev).toBe(1);
    expect(idsIn(await freeze(dir, 'b'))).toEqual(['a', 'b']);
  });
});

const me = { pid: process.pid, process_start: processStart(process.pid) ?? null };
const left: [claim: string, text: string, ageMs: number][] = [
  ['whose owner is gone', JSON.stringify({ ...me, pid: 2 ** 22 + 1 }), 0],
  ['whose pid is another process by now', JSON.stringify({ ...me, process_start: '1' }), 0],
  ['that a crash left empty', '', 60_000],
];

it.each(left)('a lock %s is taken over', async (_, text, ageMs) => {
  const { dir, write } = scratch();
  const lock = write('control.lock', text);
  if (ageMs > 0) {
    utimesSync(lock, (Date.now() - ageMs) / 1000, (Date.now() - ageMs) / 1000);
  }
  await freeze(dir, 'a');
  expect(readdirSync(dir)).toEqual(['control.json']);
});

it('a writer that hangs with the lock holds up no freeze; its lock stays its own', async () => {
  const { dir, write } = scratch();
  const text = JSON.stringify(me);
  write('control.lock', text);
  const both = await Promise.all([freeze(dir, 'a'), freeze(dir, 'b')]);
  expect(both.map(({ rev }) => rev > 0)).toEqual([true, true]);
  expect(idsIn(stored(dir))).toEqual(['a', 'b']);
  expect(readFileSync(join(dir, 'control.lock'), 'utf8')).toBe(text);
});

describe('several processes', () => {
  const root = join(import.meta.dirname, '../..');
  let compiled = '';
  // Node 20 runs no TypeScript, so the processes run a compiled copy: inside the project, where packages are found.
  beforeAll(() => {
    const cache = join(root, 'node_modules/.cache');
    mkdirSync(cache, { recursive: true });
    compiled = mkdtempSync(join(cache, 'control-'));
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    execFileSync(process.execPath, [compiler, '-p', 'src', '--noCheck', '--outDir', compiled], {
      cwd: root,
    });
  }, 60_000);
  afterAll(() => rmSync(compiled, { recursive: true, force: true }));

  const start = (dir: string, name: string, count: number): ChildProcess => {
    const fixture = join(import.meta.dirname, 'fixtures/freezer.mjs');
    const child = fork(fixture, [compiled, dir, name, String(count)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    return child;
  };

  it.each([
    ['with the lock', undefined],
    ['beside a writer that hangs with the lock', JSON.stringify(me)],
  ])('lose no freeze of each other, %s', async (_, lock) => {
    const { dir } = scratch();
    if (lock !== undefined) writeFileSync(join(dir, 'control.lock'), lock);
    const count = lock === undefined ? 15 : 3;
    const names = ['a', 'b', 'c', 'd'];
    const ends = names.map((name) => once(start(dir, name, count), 'close'));
    expect(await Promise.all(ends)).toEqual(names.map(() => [0, null]));
    const expected = names.flatMap((name) =>
      Array.from({ length: count }, (_each, at) => `fz_${name}_${at}`),
    );
    expect(idsIn(stored(dir))).toEqual(expected.sort());
  });

  it('killed at any moment leave what they have announced, and a document', async () => {
    const { dir } = scratch();
    const announced: string[] = [];
    for (let round = 0; round < 6; round += 1) {
      const child = start(dir, String(round), 1_000);
      child.on('message', ({ id }: { id: string }) => announced.push(id));
      await once(child, 'message');
      await sleep(round * 13);
      child.kill('SIGKILL');
      await once(child, 'close');
    }
    const ids = new Set(idsIn(stored(dir)));
    expect(announced.filter((id) => !ids.has(id))).toEqual([]);
    await freeze(dir, 'last');
    expect(stored(dir).freezes.at(-1)?.id).toBe('last');
  });
});
