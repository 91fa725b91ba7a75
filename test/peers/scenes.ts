import { expect } from 'vitest';
import type { Message } from '../harness/message.ts';
import { until } from '../harness/until.ts';
import type { Peer } from './peer.ts';

/** A server as the scenes see it: the prefix of its tools, and what it says that it did. */
export interface Stage {
  readonly prefix: string;
  recorded(): readonly Message[];
}

/** What every client must be able to do with every server that has these tools. */
export const scenes: Readonly<Record<string, (peer: Peer, stage: Stage) => Promise<void>>> = {
  'lists and calls': async (peer, { prefix }) => {
    expect(await peer.tools()).toContain(`${prefix}test_echo`);
    expect(await peer.call(`${prefix}test_echo`, { text: 'é🜁' })).toBe('é🜁');
  },
  'hears of progress': async (peer, { prefix }) => {
    const heard: number[] = [];
    const onProgress = (progress: number): void => {
      heard.push(progress);
    };
    await peer.call(`${prefix}test_tool_with_progress`, {}, { onProgress });
    // The clients lose a notification that arrives together with the result.
    expect(heard.slice(0, 2)).toEqual([0, 50]);
  },
  'cancels, and goes on': async (peer, { prefix, recorded }) => {
    const slow = (): number => recorded().filter(({ tool }) => tool === 'test_slow').length;
    const cancelled = (): number =>
      recorded().filter((fact) => fact['cancelled'] !== undefined).length;
    const before = { slow: slow(), cancelled: cancelled() };
    const abort = new AbortController();
    const call = peer.call(`${prefix}test_slow`, { ms: 60_000 }, { signal: abort.signal });
    const failed = expect(call).rejects.toThrow();
    await until('the call at the server', () => slow() > before.slow);
    abort.abort();
    await failed;
    await until('the cancellation at the server', () => cancelled() > before.cancelled);
    expect(await peer.call(`${prefix}test_echo`, { text: 'after' })).toBe('after');
  },
  'is asked, and its answer arrives': async (peer, { prefix }) => {
    const before = peer.asked().length;
    const message = `who are you, ${prefix}?`;
    const answer = await peer.call(`${prefix}test_elicitation`, { message });
    expect(peer.asked().slice(before)).toEqual([message]);
    expect(answer).toBe('User response: action=accept, content={"response":"yes"}');
  },
  'hears that the tools changed': async (peer, { prefix }) => {
    const dynamic = `${prefix}test_dynamic_tool`;
    const had = (await peer.tools()).includes(dynamic);
    const before = peer.changes();
    await peer.call(`${prefix}test_trigger_tool_change`, {});
    await until('the news', () => peer.changes() > before);
    await until('another list', async () => (await peer.tools()).includes(dynamic) !== had);
  },
};
