/** What a process takes: from /proc where there is one, from `ps` elsewhere, and from the gate's own metrics. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export async function look({ url, pid }) {
  return { rss: residentBytes(pid), heap: await heapBytes(url), descriptors: descriptorsOf(pid) };
}

/** The least that the process takes within some seconds without load. */
export async function rested(pid, seconds = 8) {
  let least = Number.POSITIVE_INFINITY;
  for (let second = 0; second < seconds; second += 1) {
    await sleep(1000);
    least = Math.min(least, residentBytes(pid));
  }
  return least;
}

/** Every process that descends from this one, and what they hold together; without those of /proc nothing is known. */
export function family(pid) {
  const members = descendants(pid);
  const bytes = members?.reduce((sum, each) => sum + ownBytes(each), 0);
  return { processes: members?.length, bytes };
}

function descendants(pid) {
  try {
    const tasks = readdirSync(`/proc/${pid}/task`);
    const children = tasks.flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
    );
    return children.flatMap((child) => [Number(child), ...(descendants(child) ?? [])]);
  } catch {
    // It has ended, or there is no /proc here.
    return undefined;
  }
}

/** Without what it shares with others, where the system can tell. */
function ownBytes(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

export function residentBytes(pid) {
  try {
    const kibibytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(kibibytes) * 1024;
  } catch {
    return (
      Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) * 1024
    );
  }
}

function descriptorsOf(pid) {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    // No /proc on this system.
    return undefined;
  }
}

async function heapBytes(url) {
  try {
    const text = await (await fetch(new URL('/metrics', url))).text();
    const found = /^\S*nodejs_heap_size_used_bytes(?:\{.*\})? (\S+)$/m.exec(text)?.[1];
    return found === undefined ? undefined : Number(found);
  } catch {
    // It has no metrics.
    return undefined;
  }
}

/** What all threads of a process have run so far, in milliseconds; needs /proc. A thread that has ended is not counted. */
export function processorMs(pid) {
  const threads = readdirSync(`/proc/${pid}/task`);
  const ran = threads.map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
  );
  return ran.reduce((sum, each) => sum + each, 0) / 1_000_000;
}
