import type { Delivery } from '../core/answer.ts';
import { limitedLifetime } from '../core/limited-lifetime.ts';
import type { SendOptions } from '../core/target.ts';
import type { Ruling } from './decide.ts';
import { adaptTold } from './obligations/adapt-told.ts';

type Send = (options: SendOptions) => Promise<Delivery>;

/**
 * Sends a call, in this tick, under its obligations: nobody waits longer for it than they allow, and what is told while it
 * runs goes through the same changes as its result.
 */
export function underObligations({ caller, obligations }: Ruling, send: Send): Promise<Delivery> {
  const { lifetime, relayProgress: onProgress, related } = caller;
  const way = { lifetime, ...adaptTold(obligations, { onProgress, related }) };
  const { timeoutMs } = obligations.limit;
  return timeoutMs === undefined ? send(way) : inTime(way, timeoutMs, send);
}

// What the server says after that is nobody's any more: whether the call ran stays unknown.
function inTime(way: SendOptions, timeoutMs: number, send: Send): Promise<Delivery> {
  const limited = limitedLifetime(way.lifetime, timeoutMs);
  const sent = send({ ...way, lifetime: limited.lifetime });
  return new Promise((resolve) => {
    const leave = limited.lifetime.onEnd(() => {
      if (way.lifetime.ended !== undefined) return;
      resolve({ kind: 'lost', reason: `no answer within ${timeoutMs} ms` });
    });
    // `send` never rejects.
    void sent.then((delivery) => {
      leave();
      limited.release();
      resolve(delivery);
    });
  });
}
