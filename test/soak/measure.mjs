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

function residentBytes(pid) {
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
