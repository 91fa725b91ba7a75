import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadDriver } from '../../src/store/driver.ts';
import type { LineClient } from '../harness/line-client.ts';
import { decisionOf, pick, textAt } from '../harness/message.ts';
import { allowAll, main, type Scratch, scratch } from '../harness/scratch.ts';

const count = { name: 'raw__count', arguments: {} };

interface Fault {
  /** Makes the state folder unwritable for this gate; gives what makes it writable again. */
  readonly strike: (house: Scratch, client: LineClient) => () => void;
}

/**
 * As root a mode of 0500 binds nobody and a file system cannot always be mounted, so the disk is filled by a limit on the
 * size of what the running gate may write (RLIMIT_FSIZE): every write then fails with EFBIG, which SQLite reports as a
 * failed write. Node ignores SIGXFSZ. Only Linux can set it for another process.
 */
const full: Fault = {
  strike: (_house, client) => {
    setFileSizeLimit(client.pid, '0');
    return () => setFileSizeLimit(client.pid, 'unlimited');
  },
};

/** Another process holds the write lock for longer than the gate waits. */
const locked: Fault = {
  strike: (house) => {
    const database = new (loadDriver().DatabaseSync)(path.join(house.state, 'gate.db'));
    database.exec('BEGIN IMMEDIATE');
    return () => {
      database.exec('ROLLBACK');
      database.close();
    };
  },
};

const faults: readonly (readonly [string, Fault])[] = [
  ['locked by another process', locked],
  ...(process.platform === 'linux' ? [['on a full disk', full] as const] : []),
];

describe.each(faults)('a journal that is %s while the gate runs', (_name, fault) => {
  it('denies in enforce mode, says why, forwards nothing, and serves again afterwards', async () => {
    const house = await scratch({ rules: allowAll });
    const client = await house.open();
    expect(textAt(await client.request('tools/call', count), 'result.content.0.text')).toBe(
      'counted',
    );
    const mend = once(fault.strike(house, client));
    const answer = await client.request('tools/call', count);
    expect(decisionOf(answer)).toMatchObject({ outcome: 'deny', rules: ['gate.unrecorded'] });
    expect(textAt(answer, 'result.content.0.text')).toMatch(/could not be recorded/);
    expect(house.executed().length).toBe(1);
    await client.waitUntil('a word in the log', () => /record/.exec(client.stderr)?.[0]);
    mend();
    await callUntil(client, 'counted');
    expect((await house.journal('journal.gap')).length).toBe(0);
  });

  it('passes the call in observe mode, and a journal.gap follows as soon as one can be written', async () => {
    const house = await scratch({ mode: 'observe', rules: allowAll });
    const client = await house.open();
    expect(textAt(await client.request('tools/call', count), 'result.content.0.text')).toBe(
      'counted',
    );
    const mend = once(fault.strike(house, client));
    const answers = await Promise.all([1, 2, 3].map(() => client.request('tools/call', count)));
    for (const answer of answers) expect(textAt(answer, 'result.content.0.text')).toBe('counted');
    mend();
    const counts = await gaps(house);
    expect(counts.reduce((sum, each) => sum + each, 0)).toBe(3);
    expect((await house.journal('decision')).length).toBe(1);
  });
});

describe('a state folder that cannot be used from the start', () => {
  const folders: readonly (readonly [
    claim: string,
    spoil: (house: Scratch) => readonly string[],
  ])[] = [
    ['it may only be read', spoilByMode],
    ['a folder stands in the place of its database', spoilByFolder],
  ];
  it.each(folders)('%s: enforce answers and denies every call', async (_claim, spoil) => {
    const house = await scratch({ rules: allowAll });
    const client = house.start({}, spoil(house));
    await client.initialize();
    expect(pick(await client.request('ping'), 'result')).toEqual({});
    const answer = await client.request('tools/call', count);
    expect(decisionOf(answer)).toMatchObject({ outcome: 'deny' });
    expect(house.executed()).toEqual([]);
    await client.waitUntil(
      'a word in the log',
      () => /state|gate\.db|control/.exec(client.stderr)?.[0],
    );
  });

  it.each(folders)('%s: observe passes the call', async (_claim, spoil) => {
    const house = await scratch({ mode: 'observe', rules: allowAll });
    const client = house.start({}, spoil(house));
    await client.initialize();
    const answer = await client.request('tools/call', count);
    expect(textAt(answer, 'result.content.0.text')).toBe('counted');
    await client.waitUntil(
      'a word in the log',
      () => /state|gate\.db|record/.exec(client.stderr)?.[0],
    );
  });
});

describe('what the operator demands cannot be read, so everything stops, in both modes', () => {
  const spoils: readonly (readonly [claim: string, spoil: (house: Scratch) => void])[] = [
    ['a file stands in the place of the state folder', replaceStateByFile],
    ['the control file is not JSON', (house) => writeControl(house, 'freeze!')],
    ['the control file was removed', (house) => rmSync(path.join(house.state, 'control.json'))],
  ];
  describe.each(['observe', 'enforce'] as const)('%s', (mode) => {
    it.each(spoils)('%s', async (_claim, spoil) => {
      const house = await scratch({ mode, rules: allowAll });
      await (await house.open()).close();
      spoil(house);
      const client = await house.open();
      const answer = await client.request('tools/call', count);
      expect(decisionOf(answer)).toMatchObject({ outcome: 'deny' });
      expect(house.executed()).toEqual([]);
    });
  });
});

function replaceStateByFile(house: Scratch): void {
  rmSync(house.state, { recursive: true, force: true });
  writeFileSync(house.state, 'not a folder');
}

function writeControl(house: Scratch, text: string): void {
  writeFileSync(path.join(house.state, 'control.json'), text);
}

function spoilByFolder(house: Scratch): readonly string[] {
  mkdirSync(path.join(house.state, 'gate.db'), { recursive: true, mode: 0o700 });
  return [];
}

/** Root is told to respect modes by taking the capability away that lets it ignore them. */
function spoilByMode(house: Scratch): readonly string[] {
  execFileSync(process.execPath, [main, 'approvers', 'add', 'alice'], {
    env: house.env(),
    stdio: 'ignore',
  });
  const files = readdirSync(house.state).map((name) => path.join(house.state, name));
  for (const file of files) chmodSync(file, 0o400);
  chmodSync(house.state, 0o500);
  onTestFinished(() => chmodSync(house.state, 0o700));
  if (process.getuid?.() !== 0) return [];
  return ['setpriv', '--bounding-set=-dac_override,-dac_read_search'];
}

function setFileSizeLimit(pid: number, size: string): void {
  execFileSync('prlimit', ['--pid', String(pid), `--fsize=${size}:unlimited`]);
}

/** A repair that also happens when the test fails in between. */
function once(mend: () => void): () => void {
  let done = false;
  const run = () => {
    if (!done) mend();
    done = true;
  };
  onTestFinished(run);
  return run;
}

async function callUntil(client: LineClient, expected: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const text = textAt(await client.request('tools/call', count), 'result.content.0.text');
    if (text === expected) return;
    if (Date.now() > deadline) throw new Error(`still answers ${text}`);
    await sleep(100);
  }
}

async function gaps(house: Scratch): Promise<number[]> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const found = (await house.journal('journal.gap')).map(({ body }) =>
      Number(pick(body, 'count')),
    );
    if (found.length > 0 || Date.now() > deadline) return found;
    await sleep(200);
  }
}
