import { readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { acknowledge, liveGates, sweepGates, withdraw } from '../../src/control/acknowledgement.ts';
import { changeControl } from '../../src/control/change-control.ts';
import { withFreeze, withoutFreezes } from '../../src/control/control-edits.ts';
import { type Control, type ControlState, createControl } from '../../src/control/control-file.ts';
import { watchControl } from '../../src/control/control-watch.ts';
import { InFlightCalls } from '../../src/control/in-flight.ts';
import { Lifetime } from '../../src/core/lifetime.ts';
import { scratch } from '../config/scratch.ts';

const freezeOf = (id: string, server: string | null = null) => ({
  id,
  server,
  tool: null,
  subject: null,
  reason: 'r',
  by: 'b',
  at: 'now',
});

interface Watched {
  readonly dir: string;
  readonly control: Control;
  readonly inFlight: InFlightCalls;
  readonly seen: ControlState[];
  readonly warned: string[];
}

/** A gate's watch on a folder of its own; `first` may fail to acknowledge. */
function watched(acknowledges = (_dir: string, _state: ControlState) => {}): Watched {
  const { dir } = scratch();
  const control = createControl(dir);
  control.ensure();
  const inFlight = new InFlightCalls();
  const [seen, warned]: [ControlState[], string[]] = [[], []];
  const watch = watchControl({
    control,
    inFlight,
    acknowledge: (state) => acknowledges(dir, state),
    onChange: (state) => seen.push(state),
    warn: (message) => warned.push(message),
    pollMs: 2,
  });
  onTestFinished(() => watch.close());
  return { dir, control, inFlight, seen, warned };
}

function enter(inFlight: InFlightCalls, server: string): Lifetime {
  const lifetime = new Lifetime();
  inFlight.enter({ server, tool: 't', subject: null }, lifetime);
  return lifetime;
}

it('what stands at the start is acknowledged before anything else happens', () => {
  const acknowledged: (number | undefined)[] = [];
  const { seen } = watched((_, { rev }) => acknowledged.push(rev));
  expect(acknowledged).toEqual([1]);
  expect(seen).toHaveLength(1);
});

it('a freeze ends what runs in its scope and is acknowledged after that; the others run on', async () => {
  const order: string[] = [];
  const { dir, inFlight, seen } = watched((_, { freezes }) =>
    order.push(`acknowledged ${freezes.length}`),
  );
  const [files, git] = [enter(inFlight, 'files'), enter(inFlight, 'git')];
  files.onEnd(() => order.push('ended'));
  await changeControl(dir, (each) => withFreeze(each, freezeOf('a', 'files')));
  await vi.waitFor(() => expect(seen).toHaveLength(2));
  expect(order).toEqual(['acknowledged 0', 'ended', 'acknowledged 1']);
  expect([files.ended, git.ended]).toEqual(['frozen', undefined]);
  await changeControl(dir, (each) => withoutFreezes(each, new Set(['a'])));
  await vi.waitFor(() => expect(seen).toHaveLength(3));
  expect(git.ended).toBeUndefined();
  expect(order.at(-1)).toBe('acknowledged 0');
});

it('an edit by hand that leaves the revision as it was is seen too', async () => {
  const { dir, inFlight, seen } = watched();
  const running = enter(inFlight, 'files');
  const text = JSON.stringify({ rev: 1, freezes: [freezeOf('by-hand')], mode: null });
  writeFileSync(join(dir, 'control.json'), text);
  await vi.waitFor(() => expect(running.ended).toBe('frozen'));
  expect(seen.at(-1)).toMatchObject({ rev: 1, freeze: 'r' });
});

it('a document that stays away ends everything', async () => {
  const { dir, inFlight, seen } = watched();
  const running = enter(inFlight, 'files');
  rmSync(join(dir, 'control.json'));
  await vi.waitFor(() => expect(running.ended).toBe('frozen'));
  expect(seen.at(-1)?.freeze).toContain('is missing');
});

it('a document that is broken at one look only ends nothing that runs', async () => {
  const fine = { rev: 1, freeze: undefined, freezes: [], mode: undefined };
  const broken = { ...fine, rev: undefined, freeze: 'cannot be read' };
  const inFlight = new InFlightCalls();
  const running = enter(inFlight, 'files');
  // One for each look; the last stays.
  const next = { ...fine, rev: 2 };
  const looks: ControlState[] = [fine, broken, fine, broken, next, broken, broken];
  const taken: (readonly [rev: number | undefined, ended: string | undefined])[] = [];
  let now: ControlState = fine;
  const control: Control = {
    current: () => {
      now = looks.shift() ?? now;
      return now;
    },
    frozen: () => now.freeze,
    ensure: () => {},
  };
  const watch = watchControl({
    control,
    inFlight,
    acknowledge: () => {},
    onChange: ({ rev }) => taken.push([rev, running.ended]),
    warn: () => {},
    pollMs: 1,
  });
  onTestFinished(() => watch.close());
  await vi.waitFor(() => expect(running.ended).toBe('frozen'));
  expect(taken).toEqual([
    [1, undefined],
    [2, undefined],
    [undefined, 'frozen'],
  ]);
});

it('what cannot be acknowledged is said once, and acknowledged as soon as it can be', async () => {
  let isFull = true;
  const acknowledged: (number | undefined)[] = [];
  const { warned } = watched((_, { rev }) => {
    if (isFull) throw new Error('disk is full');
    acknowledged.push(rev);
  });
  expect(warned).toEqual(['this gate could not acknowledge what the operator demands']);
  isFull = false;
  await vi.waitFor(() => expect(acknowledged).toEqual([1]), 10_000);
  expect(warned).toHaveLength(1);
});

it('an acknowledgement names the process, the revision and the freezes, for this user alone', () => {
  const { dir } = scratch();
  acknowledge(dir, 'g-1', { rev: 4, freeze: 'r', freezes: [freezeOf('a')], mode: undefined });
  expect(readdirSync(join(dir, 'gates'))).toEqual(['g-1.json']);
  expect(liveGates(dir)).toEqual([{ instance: 'g-1', pid: process.pid, rev: 4, freezes: ['a'] }]);
  withdraw(dir, 'g-1');
  withdraw(dir, 'g-1');
  expect(liveGates(dir)).toEqual([]);
});

it('what is no acknowledgement is no gate, and is swept away once it is old', () => {
  const { dir, write } = scratch();
  const state = { rev: 1, freeze: undefined, freezes: [], mode: undefined };
  acknowledge(dir, 'alive', state);
  write('gates/half.json', '{"pid": 1');
  write(
    'gates/dead.json',
    JSON.stringify({ pid: 2 ** 22 + 1, process_start: null, rev: 1, freezes: [] }),
  );
  write('gates/.alive.json.00.tmp', '');
  expect(liveGates(dir).map(({ instance }) => instance)).toEqual(['alive']);
  sweepGates(dir, Date.now());
  expect(readdirSync(join(dir, 'gates'))).toHaveLength(4);
  const longAgo = Date.now() / 1000 - 30 * 86_400;
  for (const name of ['half', 'dead', 'alive']) {
    utimesSync(join(dir, 'gates', `${name}.json`), longAgo, longAgo);
  }
  sweepGates(dir, Date.now());
  expect(readdirSync(join(dir, 'gates'))).toEqual(['.alive.json.00.tmp', 'alive.json']);
  expect(readFileSync(join(dir, 'gates', 'alive.json'), 'utf8')).toContain('"rev":1');
});
